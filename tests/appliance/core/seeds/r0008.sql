INSERT INTO fleet_assets (fleet, asset, "rows", "start", "end") VALUES
  ('pumps', 'P-2', 5000000000, '2026-02-01 00:00:00.000000', '2026-03-06 00:00:00.000000');
INSERT INTO batch_spans (fleet, batch, part, asset, "start", "end", "rows") VALUES
  ('pumps', 'b1', 1, 'P-2', '2026-02-01 00:00:00.000000', '2026-03-06 00:00:00.000000', 7);
INSERT INTO sensors (fleet, name, unit, role, lower, upper, edited, label, run_state, revision) VALUES
  ('pumps', 'speed', 'rpm', 'sensor', NULL, NULL, TRUE, 'Drehzahl <b>', '{"minimum": 20.0, "values": []}', 3);
INSERT INTO recipes (project, name, revision, recipe, "by", updated) VALUES
  ('default', 'gentle', 2, '{"name": "gentle", "detector": "mahalanobis"}', 'erika', '2026-03-06 07:00:00.000000');
