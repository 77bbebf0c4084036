//! Images that were deleted and can be brought back.
