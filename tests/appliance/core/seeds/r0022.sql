INSERT INTO troubles (id, code, subject, severity, "values", text, remedy, began, gone, ended) VALUES
  ('trb_1', 'source_fails', 'line2', 'warning', '{"failures": 4.0}', 'source line2 has failed 4 times in a row.', 'It tells why: kizashi source show line2', '2026-03-07 07:00:00.000000', '2026-03-07 08:00:00.000000', '2026-03-07 08:00:00.000000'),
  ('trb_2', 'no_backup', '', 'warning', '{"days": 3.0}', 'no backup was ever made.', 'kizashi backup FOLDER', '2026-03-07 07:00:00.000000', NULL, NULL);
UPDATE jobs SET request = 'req_1', trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' WHERE id = (SELECT MIN(id) FROM jobs);
