INSERT INTO idempotency_keys (person, "key", request, at, answer) VALUES
  ('erika', 'k1', 'cafe', '2026-03-05 07:00:00.000000', X'7b226964223a226a6f625f31227d'),
  ('erika', 'k2', 'beef', '2026-03-05 07:00:01.000000', NULL);
