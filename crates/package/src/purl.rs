//! Package URLs: <https://github.com/package-url/purl-spec>.
