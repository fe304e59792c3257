"""A real ASP.NET farm: Mono behind nginx."""
