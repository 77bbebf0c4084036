//! Images that what held them has left, until they go too or something else holds them.
