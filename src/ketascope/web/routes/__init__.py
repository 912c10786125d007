"""The pages, one module each with a `router`; to add a page, write its module and name it here."""

ROUTERS = ("about", "api", "audit", "care", "compare", "evidence", "health", "mechanism", "parameters", "static")
