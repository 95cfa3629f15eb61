UPDATE users SET runs_code = TRUE WHERE name = (SELECT MIN(name) FROM users);
