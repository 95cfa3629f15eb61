UPDATE events SET repeats = 'evt_1' WHERE id = 'evt_7';
