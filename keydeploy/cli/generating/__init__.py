"""What `keydeploy generate` makes: a file for each kind, and one for how all of them are printed."""
