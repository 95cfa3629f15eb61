INSERT INTO batches (fleet, id, path, state, started, finished, quality, sampling) VALUES
  ('pumps', 'b1', '/in/pumps "1".csv', 'done', '2026-03-01 07:00:00.000000', '2026-03-01 07:00:01.500000',
   '{"rows": 3, "note": "Größe, 温度, it''s"}', '{"P-1": 60.0}'),
  ('pumps', 'b2', '/in/late.csv', 'begun', '2026-03-02 07:00:00.000000', NULL, '{}', '{}');
INSERT INTO batch_parts (fleet, batch, part, "rows", corrected, quarantined) VALUES ('pumps', 'b1', 0, 3, 1, 2);
INSERT INTO batch_spans (fleet, batch, part, asset, "start", "end") VALUES
  ('pumps', 'b1', 0, 'P-1', '2026-02-01 00:00:00.000000', '2026-02-28 23:59:59.999999');
INSERT INTO fleets (fleet, time_kind, created) VALUES ('pumps', 'moment', '2026-03-01 07:00:00.000000');
INSERT INTO sensors (fleet, name, unit, role, lower, upper, edited) VALUES
  ('pumps', 'flow', 'm³/h', 'sensor', 0.1, 1e300, TRUE),
  ('pumps', 'mode', '', 'context', NULL, NULL, FALSE);
INSERT INTO sensor_levels (fleet, name, word, number) VALUES ('pumps', 'mode', 'idle', 1);
INSERT INTO model_versions (fleet, version, run, path, digest, created, lineage) VALUES
  ('pumps', 1, 'run_1', '/home/models/pumps/run_1', 'aa', '2026-03-01 08:00:00.000000', '{"run": "run_1", "rows": 3}'),
  ('pumps', 2, 'run_2', '/home/models/pumps/run_2', 'bb', '2026-03-02 08:00:00.000000', '{"run": "run_2", "rows": 4}');
INSERT INTO promotions (fleet, version, previous, "by", at, kind) VALUES
  ('pumps', 1, NULL, 'kizashi', '2026-03-01 08:00:00.000000', 'first');
INSERT INTO promotions (fleet, version, previous, "by", at, kind) VALUES
  ('pumps', 2, 1, 'erika', '2026-03-02 09:00:00.000000', 'promote');
INSERT INTO score_batches (id, fleet, model_version, readings_version, batches, "rows", judged, alarms, at) VALUES
  ('s1', 'pumps', 1, 4, '["b1"]', 3, 2, 1, '2026-03-01 09:00:00.000000');
INSERT INTO event_fleets (fleet) VALUES ('pumps');
INSERT INTO events (id, fleet, asset, kind, "start", "end", ongoing, state, stands, merged_into, verdict, owner,
  revision, model_version, score_batch, facts, created, updated) VALUES
  ('evt_1', 'pumps', 'P-1', 'anomaly', '2026-02-10 00:00:00.000000', '2026-02-10 06:00:00.000000', FALSE,
   'acknowledged', TRUE, NULL, 'true', 'erika', 2, 1, 's1', '{"peak": 7.25}',
   '2026-03-01 09:00:00.000000', '2026-03-01 10:00:00.000000');
INSERT INTO event_comments (id, event, "by", at, text) VALUES
  ('com_1', 'evt_1', 'erika', '2026-03-01 10:00:00.000000', 'bearing; see <b>report</b> -- it''s loud');
INSERT INTO event_revisions (event, revision, change, at, "by", note, state, verdict, owner, model_version,
  score_batch, facts) VALUES
  ('evt_1', 1, 'opened', '2026-03-01 09:00:00.000000', 'kizashi', '', 'open', NULL, NULL, 1, 's1', '{"peak": 7.0}'),
  ('evt_1', 2, 'judged', '2026-03-01 10:00:00.000000', 'erika', 'com_1', 'acknowledged', 'true', 'erika', 1, 's1',
   '{"peak": 7.25}');
