INSERT INTO events (id, fleet, asset, kind, "start", "end", ongoing, state, stands, merged_into, verdict, owner,
  revision, model_version, score_batch, rank, calm, seconds, words, facts, created, updated) VALUES
  ('evt_7', 'pumps', 'P-7', 'sensor_fault', '2026-03-10 00:00:00.000000', '2026-03-10 06:00:00.000000', TRUE,
   'open', TRUE, NULL, NULL, NULL, 1, 1, 's1', 5, -1.5, 21600.0, 'p-7
flow', '{"peak": 0.0, "severity": "watch"}',
   '2026-03-10 09:00:00.000000', '2026-03-10 10:00:00.000000');
