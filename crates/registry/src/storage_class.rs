//! Storage classes of images.
