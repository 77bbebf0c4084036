//! The shape that all generated enums share.

/// Declares enums by `Variant = "WIRE_NAME"`, with `ALL`, `as_str`, `from_wire`, `Display`, JSON
/// in both directions and the constraint error for other values. Case matters on the wire.
macro_rules! wire_enum {
    ($($name:ident { $($variant:ident = $wire:literal,)+ })+) => {$(
        #[doc = concat!("`", stringify!($name), "`.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("`", $wire, "`.")] $variant,)+
        }

        impl $name {
            /// Every value, in the model's order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];
            const WIRE: &[&str] = &[$($wire),+];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// The value with this name on the wire.
            pub fn from_wire(text: &str) -> Option<Self> {
                match text { $($wire => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::ToXml for $name {
            fn element(&self, name: &str, sink: &mut dyn $crate::XmlSink) {
                sink.text(name, self.as_str());
            }
        }

        impl $crate::decode::Decode for $name {
            fn decode(
                node: &$crate::decode::Node<'_>,
                _limits: &$crate::constraint::Limits,
            ) -> Result<Self, $crate::DecodeError> {
                $crate::decode::enumeration(node, Self::from_wire, Self::WIRE)
            }

            fn rules(
                _limits: &$crate::constraint::Limits,
            ) -> Option<Vec<$crate::constraint::Violation>> {
                Some(vec![$crate::constraint::Violation::Enum(Self::WIRE)])
            }
        }
    )+};
}

pub(crate) use wire_enum;
