INSERT INTO cost_runs (run, attempt, pipeline, fleet, project, "by", state, started, until, "rows", sensors, assets, wall_seconds, cpu_seconds, reserved_seconds, core_seconds, byte_seconds, peak_bytes, tasks, amount, currency, estimated_seconds, estimated_amount, estimated_by) VALUES
  ('job_1', 1, 'train', 'pumps', 'default', 'erika', 'succeeded', '2026-03-06 07:00:00.000000', '2026-03-06 07:04:00.000000', 100000, 12, 8, 240.0, 300.5, 0.0, 300.5, 96000000000.0, 600000000, 8, 11.5, 'JPY', 230.0, 12.0, 'past'),
  ('job_2', 1, 'compact', NULL, '', 'schedule:nightly', 'failed', '2026-03-06 08:00:00.000000', '2026-03-06 08:00:10.000000', 0, 0, 0, 10.0, 2.5, 0.0, 2.5, 1000000000.0, 200000000, 0, 0.02, 'JPY', NULL, NULL, '');
INSERT INTO cost_hours (hour, machine, currency, seconds, cpu_seconds, joules, measured_joules, fixed_amount, power_amount) VALUES
  ('2026-03-06 07:00:00.000000', 'plant-1', 'JPY', 3600.0, 900.0, 144000.0, 0.0, 6.8, 1.2);
INSERT INTO cost_storage (day, fleet, currency, project, bytes, byte_seconds, amount) VALUES
  ('2026-03-06', 'pumps', 'JPY', 'default', 4000000000, 345600000000000.0, 0.4);
INSERT INTO budgets (project, monthly, currency, warn_ratio, revision, updated, updated_by) VALUES
  ('default', 5000.0, 'JPY', 0.8, 2, '2026-03-06 07:00:00.000000', 'erika');
