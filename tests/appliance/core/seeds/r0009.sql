INSERT INTO model_versions (fleet, version, run, path, digest, created, deleted, lineage) VALUES
  ('pumps', 3, 'run_3', '/home/models/pumps/run_3', 'cc', '2026-03-11 08:00:00.000000', '2026-03-12 08:00:00.000000',
   '{"run": "run_3", "rows": 5}');
INSERT INTO model_mirrors (fleet, changed, shown) VALUES ('pumps', 7, 6);
