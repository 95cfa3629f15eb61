INSERT INTO identities ("user", issuer, subject) VALUES
  ('erika', 'https://login.plant.example/realms/plant', '248289761001'),
  ('chief', 'https://login.plant.example/realms/plant', NULL);
