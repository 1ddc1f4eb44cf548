// The one file of the library that owns the precompiled header (libraries.cmake).
