//! Tests of `apk`.
