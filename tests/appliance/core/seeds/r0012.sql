INSERT INTO heat (fleet, model_version, day, asset, "rows", judged, alarms, masked, peak, quarters) VALUES
  ('pumps', 1, 20513, 'P-1', 144, 140, 3, 0, 4.25, '[1.5, 4.25, null, 0.5]'),
  ('pumps', 1, 20514, 'P-1', 144, 0, 0, 144, NULL, '[null, null, null, null]');
INSERT INTO heat_marks (fleet, model_version, timezone) VALUES ('pumps', 1, 'Asia/Tokyo');
INSERT INTO visits (person, latest, before) VALUES
  ('erika', '2026-03-06 07:00:00.000000', '2026-03-05 16:00:00.000000'),
  ('yuki', '2026-03-06 07:00:00.000000', NULL);
