"""The documentation is true: its commands run, its links lead somewhere, its generated parts are up to date."""
