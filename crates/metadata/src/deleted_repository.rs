//! Repositories that were deleted and can be brought back, by the names they had.
