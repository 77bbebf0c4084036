//! Scans of images.
