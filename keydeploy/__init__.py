"""Configuration as code for key material on load-balanced ASP.NET nodes."""

__version__ = "0.1.0"
