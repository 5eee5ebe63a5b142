"""The checks on changes of bodies, which are loaded only for a project that has some."""
