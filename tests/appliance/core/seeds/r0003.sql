INSERT INTO users (name, admin, disabled, password, created) VALUES
  ('chief', TRUE, FALSE, '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', '2026-03-01 07:00:00.000000'),
  ('erika', FALSE, FALSE, NULL, '2026-03-01 07:00:00.000000');
INSERT INTO projects (name, created) VALUES ('line2', '2026-03-01 07:00:00.000000');
INSERT INTO project_fleets (fleet, project) VALUES ('pumps', 'line2');
INSERT INTO grants ("user", project, role) VALUES ('erika', 'line2', 'engineer');
INSERT INTO tokens (id, digest, owner, label, rights, project, created, expires, last_used, revoked) VALUES
  ('0123456789abcdef', 'cafe', 'erika', 'press line', '["ingest", "read"]', 'line2', '2026-03-01 07:00:00.000000',
   '2027-03-01 07:00:00.000000', NULL, NULL);
INSERT INTO login_sessions (id, digest, "user", origin, created, seen, expires) VALUES
  ('ses_1', 'beef', 'erika', '10.0.0.7', '2026-03-01 07:00:00.000000', '2026-03-01 07:30:00.000000',
   '2026-03-01 19:00:00.000000');
INSERT INTO login_tries (name, failures, last, until) VALUES
  ('d1', 6, '2026-03-01 07:00:00.000000', '2026-03-01 07:00:30.000000');
-- A chain that holds: its digests are those of `appliance.access.chain`.
INSERT INTO audit (number, at, "by", action, object, origin, before, after, previous, digest) VALUES
  (1, '2026-03-01T07:00:00.000000+00:00', 'shell:chief', 'user.added', 'user:erika', 'shell', NULL,
   '{"admin":false,"password":true}', '0000000000000000000000000000000000000000000000000000000000000000',
   '2ff203214b90050ec01e8e76dfe06120f1f56523ddf6f6609a0dea81bb40e60a'),
  (2, '2026-03-01T07:01:00.000000+00:00', 'shell:chief', 'role.granted', 'user:erika', 'shell',
   '{"project":"line2","role":null}', '{"project":"line2","role":"engineer"}',
   '2ff203214b90050ec01e8e76dfe06120f1f56523ddf6f6609a0dea81bb40e60a',
   '3e68a46a7091f25bedd7890be66dc9dd9b41e24d8dd86d24e84a4729c9ddc43e');
UPDATE audit_head SET number = 2, digest = '3e68a46a7091f25bedd7890be66dc9dd9b41e24d8dd86d24e84a4729c9ddc43e';
