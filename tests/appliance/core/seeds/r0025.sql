INSERT INTO gateway_sites (name, digest, "key", created, created_by, seen, told) VALUES
  ('oslo', 'b3f5c1d2e4b6a7980123456789abcdef0123456789abcdef0123456789abcdef', 'c3f5c1d2e4b6a7980123456789abcdef0123456789abcdef0123456789abcdef', '2026-03-09 07:00:00.000000', 'root', '2026-03-09 08:00:00.000000', '{"version": "0.1.0"}');
INSERT INTO gateway_kept (site, question, at, answer) VALUES
  ('oslo', 'd3f5c1d2e4b6a7980123456789abcdef0123456789abcdef0123456789abcdef', '2026-03-09 08:00:00.000000', X'0aff');
INSERT INTO gateway_outbox (id, site, "by", "key", state, method, path, sealed, created, attempts, ended, status, answer) VALUES
  ('out_1', 'oslo', 'erika', 'key-1', 'done', 'POST', '/api/v1/jobs', X'0aff', '2026-03-09 07:00:00.000000', 2, '2026-03-09 08:00:00.000000', 202, X'7b7d'),
  ('out_2', 'oslo', 'erika', 'key-2', 'waiting', 'POST', '/api/v1/jobs', X'0aff', '2026-03-09 07:00:00.000000', 0, NULL, NULL, NULL);
INSERT INTO gateway_joined (id, url, gateway, site, "key", authority, token, most, operators, joined, joined_by, connected, error) VALUES
  (1, 'https://gateway:8443', 'gateway', 'oslo', 'e3f5c1d2e4b6a7980123456789abcdef0123456789abcdef0123456789abcdef', '', X'0aff', 'engineer', FALSE, '2026-03-09 07:00:00.000000', 'root', '2026-03-09 08:00:00.000000', '');
