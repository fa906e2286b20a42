"""Numbers to figures. Every function is pure: no files, no models, no screen."""
