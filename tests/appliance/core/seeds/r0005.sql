INSERT INTO jobs (id, pipeline, fleet, project, lane, arguments, state, "by", "key", schedule, created, claimed, started, ended, attempt, deaths, rewind, worker, result, error, remedy) VALUES
  ('job_1', 'train', 'pumps', 'default', 'train pumps', '{"recipe": "auto"}', 'succeeded', 'erika', 'k1', NULL, '2026-03-05 07:00:00.000000', '2026-03-05 07:00:01.000000', '2026-03-05 07:00:01.000000', '2026-03-05 07:09:00.000000', 1, 0, NULL, 'plant-1.a', '{"version": 1}', '', ''),
  ('job_2', 'score', 'pumps', 'default', 'score pumps', '{}', 'failed', 'schedule:nightly', '2026-03-06T01:00:00+00:00', 'nightly', '2026-03-06 01:00:01.000000', '2026-03-06 01:00:02.000000', '2026-03-06 01:00:02.000000', '2026-03-06 01:00:09.000000', 2, 1, 2, 'plant-1.a', NULL, 'the model is damaged.', 'Train again.');
INSERT INTO job_steps (job, number, name, state, started, ended, done, total, output, error) VALUES
  ('job_2', 1, 'plan', 'succeeded', '2026-03-06 01:00:02.000000', '2026-03-06 01:00:03.000000', 1, 1, '{"run": "r"}', ''),
  ('job_2', 2, 'judge', 'failed', '2026-03-06 01:00:03.000000', '2026-03-06 01:00:09.000000', 3, 8, NULL, 'the model is damaged.');
INSERT INTO job_lines (job, number, at, level, text) VALUES
  ('job_2', 1, '2026-03-06 01:00:02.000000', 'info', 'begun by plant-1.a');
INSERT INTO workers (id, name, process, started, seen, beats) VALUES
  ('plant-1.a', 'plant-1', 4711, '2026-03-05 06:00:00.000000', '2026-03-06 01:00:00.000000', 12);
INSERT INTO schedules (name, cron, zone, catch_up, pipeline, fleet, project, arguments, revision, created, created_by, updated, updated_by, following, last, last_job) VALUES
  ('nightly', '0 2 * * *', 'Europe/Berlin', 'latest', 'score', 'pumps', 'default', '{}', 1, '2026-03-05 07:00:00.000000', 'erika', '2026-03-05 07:00:00.000000', 'erika', '2026-03-07 01:00:00.000000', '2026-03-06 01:00:00.000000', 'job_2');
