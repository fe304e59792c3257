"""Configuration files of ASP.NET: read what applies, and change nothing but what must."""
