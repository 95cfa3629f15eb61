"""Events: found in scores (`detect`), told in words (`words`), kept with their life (`store`).

`detect`, `matching`, `life` and `words` are pure; only `store` knows the database.
"""
