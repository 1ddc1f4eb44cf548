# The libraries of DESIGN.md section 7, all from Debian packages (scripts/packages lists them).
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
if(NOT TARGET PostgreSQL::client)  # POCO's package names libpq so, CMake's own module does not
  add_library(PostgreSQL::client INTERFACE IMPORTED)
  target_link_libraries(PostgreSQL::client INTERFACE PostgreSQL::PostgreSQL)
endif()
find_package(Poco REQUIRED COMPONENTS Foundation Crypto Net NetSSL Util JSON XML Zip Data DataPostgreSQL)
find_package(fmt REQUIRED)
find_package(pegtl REQUIRED PATHS /usr/share/pegtl/cmake)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
if(NOT PENNYPOST_FUZZ)
  find_package(GTest REQUIRED)
endif()
find_package(PkgConfig REQUIRED)
foreach(pair IN ITEMS hs=libhs pcre2=libpcre2-8 cares=libcares icu=icu-i18n icuuc=icu-uc sodium=libsodium pq=libpq
        maxminddb=libmaxminddb lua=lua5.4-c++)
  string(REPLACE "=" ";" parts ${pair})
  list(GET parts 0 prefix)
  list(GET parts 1 module)
  pkg_check_modules(${prefix} REQUIRED IMPORTED_TARGET ${module})
endforeach()

# One precompiled header for all folders that use POCO: building it once saves a second or more in every file.
add_library(pennypost_pch_libraries INTERFACE)
target_link_libraries(pennypost_pch_libraries INTERFACE Poco::Foundation Poco::Net Poco::NetSSL Poco::Crypto fmt::fmt
                      Threads::Threads)
add_library(pennypost_pch STATIC ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(pennypost_pch PUBLIC pennypost_pch_libraries)
target_precompile_headers(pennypost_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)
