//! The quotas that AWS adjusts on request, and whoever runs a registry by configuration.
//!
//! Every other limit is a constant of [`limits`](crate::limits), as it is for ECR.

use std::num::NonZeroU32;
use std::str::FromStr;

use crate::ParseError;
use crate::limits::{
    BATCH_CHECK_LAYER_AVAILABILITY_PER_SECOND, BATCH_GET_IMAGE_PER_SECOND,
    COMPLETE_LAYER_UPLOAD_PER_SECOND, GET_AUTHORIZATION_TOKEN_PER_SECOND,
    GET_DOWNLOAD_URL_FOR_LAYER_PER_SECOND, IMAGES_PER_REPOSITORY_MAX,
    INITIATE_LAYER_UPLOAD_PER_SECOND, PUT_IMAGE_PER_SECOND, REPOSITORIES_MAX, TAGS_PER_IMAGE_MAX,
    UPLOAD_LAYER_PART_PER_SECOND,
};

/// What every private registry of an installation may hold, and how fast it is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quotas {
    /// "Registered repositories" of one registry; [`REPOSITORIES_MAX`] unless adjusted.
    pub repositories_max: u64,
    /// "Images per repository"; [`IMAGES_PER_REPOSITORY_MAX`] unless adjusted.
    pub images_per_repository_max: u64,
    /// "Tags per image", which AWS does not adjust; [`TAGS_PER_IMAGE_MAX`] unless adjusted.
    pub tags_per_image_max: u64,
    /// "Rate of … requests"; [`Rates::OFF`] unless turned on.
    pub rates: Rates,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            repositories_max: REPOSITORIES_MAX,
            images_per_repository_max: IMAGES_PER_REPOSITORY_MAX,
            tags_per_image_max: TAGS_PER_IMAGE_MAX,
            rates: Rates::OFF,
        }
    }
}

/// How often the operations whose rates ECR limits may be called in a second, for each registry;
/// an operation without a rate may be called as often as one likes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rates([Option<NonZeroU32>; RatedOperation::COUNT]);

impl Rates {
    /// No operation has a rate.
    pub const OFF: Self = Self([None; RatedOperation::COUNT]);

    /// Every operation has the rate of ECR's service quotas.
    pub fn ecr() -> Self {
        Self(RatedOperation::ALL.map(|operation| NonZeroU32::new(operation.ecr_per_second())))
    }

    /// These rates, with another one for `operation`.
    #[must_use]
    pub fn with(mut self, operation: RatedOperation, per_second: NonZeroU32) -> Self {
        self.0[operation as usize] = Some(per_second);
        self
    }

    /// The rate of an operation, if it has one.
    pub fn per_second(&self, operation: RatedOperation) -> Option<NonZeroU32> {
        self.0[operation as usize]
    }
}

macro_rules! rated_operations {
    ($($name:ident: $per_second:ident,)*) => {
        /// An operation whose rate ECR limits ("Rate of … requests").
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum RatedOperation {
            $(#[doc = concat!("`", stringify!($name), "`, [`", stringify!($per_second), "`].")]
            $name,)*
        }

        impl RatedOperation {
            /// All of them.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$name,)*];
            /// How many there are.
            pub const COUNT: usize = [$($per_second,)*].len();

            /// The operation's name, such as `PutImage`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// The operation of that name, if its rate is limited.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// How often ECR allows it in a second.
            pub fn ecr_per_second(self) -> u32 {
                match self {
                    $(Self::$name => $per_second,)*
                }
            }
        }
    };
}

rated_operations! {
    BatchCheckLayerAvailability: BATCH_CHECK_LAYER_AVAILABILITY_PER_SECOND,
    BatchGetImage: BATCH_GET_IMAGE_PER_SECOND,
    CompleteLayerUpload: COMPLETE_LAYER_UPLOAD_PER_SECOND,
    GetAuthorizationToken: GET_AUTHORIZATION_TOKEN_PER_SECOND,
    GetDownloadUrlForLayer: GET_DOWNLOAD_URL_FOR_LAYER_PER_SECOND,
    InitiateLayerUpload: INITIATE_LAYER_UPLOAD_PER_SECOND,
    PutImage: PUT_IMAGE_PER_SECOND,
    UploadLayerPart: UPLOAD_LAYER_PART_PER_SECOND,
}

impl FromStr for RatedOperation {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::from_name(text).ok_or(ParseError::new(
            "a rate is that of BatchCheckLayerAvailability, BatchGetImage, CompleteLayerUpload, \
             GetAuthorizationToken, GetDownloadUrlForLayer, InitiateLayerUpload, PutImage or \
             UploadLayerPart",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rates_of_ecr_are_those_of_its_service_quotas() {
        let rates = Rates::ecr();
        let shown = RatedOperation::ALL
            .map(|operation| (operation.name(), rates.per_second(operation).unwrap().get()));
        assert_eq!(
            shown,
            [
                ("BatchCheckLayerAvailability", 1_000),
                ("BatchGetImage", 2_000),
                ("CompleteLayerUpload", 100),
                ("GetAuthorizationToken", 500),
                ("GetDownloadUrlForLayer", 3_000),
                ("InitiateLayerUpload", 100),
                ("PutImage", 10),
                ("UploadLayerPart", 500),
            ]
        );
        assert!(RatedOperation::ALL.iter().all(|it| Rates::OFF.per_second(*it).is_none()));
    }

    #[test]
    fn one_rate_is_set_and_the_others_stay() {
        let two = NonZeroU32::new(2).unwrap();
        let rates = Rates::OFF.with(RatedOperation::PutImage, two);
        for operation in RatedOperation::ALL {
            let expected = (operation == RatedOperation::PutImage).then_some(two);
            assert_eq!(rates.per_second(operation), expected, "{operation:?}");
        }
    }

    #[test]
    fn operations_go_by_their_names() {
        for operation in RatedOperation::ALL {
            assert_eq!(operation.name().parse(), Ok(operation));
            assert!(
                RatedOperation::from_str("x").unwrap_err().to_string().contains(operation.name())
            );
        }
        assert_eq!(RatedOperation::from_name("DescribeImages"), None);
    }
}
