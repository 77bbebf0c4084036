//! What an image is made of: the packages in its layers.
//!
//! Pure, and fed by readers: a layer is read once, as a stream, and becomes [`LayerFacts`]; the facts
//! of an image's layers, in order, are composed to an [`Inventory`]. Images are the work of strangers:
//! whatever they hold, reading ends within [`Limits`], with facts or with a [`LayerError`] that says
//! what is wrong, and never panics.

mod apk;
mod compose;
mod distribution;
mod dpkg;
mod facts;
mod failure;
mod found;
mod layer;
mod limits;
mod lines;
mod package;
mod tar;
mod unpacked;

pub mod language;
pub mod rpm;
pub mod sbom;

pub use compose::compose;
pub use distribution::Distribution;
pub use facts::LayerFacts;
pub use failure::{Defect, LayerError, ShownByte, ShownPath};
pub use found::{FileError, LanguagePackage, SystemPackage, SystemPackages};
pub use layer::read_layer;
pub use limits::Limits;
pub use package::{Inventory, Package, PackageManager, UnreadFile};
pub use tar::{TarPlace, tar_places};

/// The version of what is read out of layers. Facts and inventories of an older one are read anew.
pub const READER_VERSION: u32 = 1;
