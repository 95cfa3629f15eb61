INSERT INTO windows (id, fleet, asset, source, removed, revision, facts, created, created_by, updated, updated_by) VALUES
  ('win_1', 'pumps', NULL, '', FALSE, 2, '{"title": "overhaul", "rule": "FREQ=WEEKLY"}', '2026-03-03 07:00:00.000000',
   'erika', '2026-03-04 07:00:00.000000', 'chief'),
  ('win_2', NULL, NULL, 'plant.ics', TRUE, 1, '{}', '2026-03-03 07:00:00.000000', 'erika',
   '2026-03-03 07:00:00.000000', 'erika');
INSERT INTO window_revisions ("window", revision, change, at, "by", facts) VALUES
  ('win_1', 1, 'added', '2026-03-03 07:00:00.000000', 'erika', '{"title": "overhaul"}'),
  ('win_1', 2, 'changed', '2026-03-04 07:00:00.000000', 'chief', '{"title": "overhaul", "rule": "FREQ=WEEKLY"}');
INSERT INTO calendar_marks (fleet, model_version, number, applied, intended, pending) VALUES
  ('pumps', 1, 3, '{"win_1": 1}', '{"win_1": 2}', '[]');
