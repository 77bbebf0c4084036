//! The arguments that adjust quotas.

use std::num::{NonZeroU32, NonZeroU64};

use clap::{Args, ValueEnum};
use wharfinger_core::RatedOperation;
use wharfinger_server::{QuotaSettings, RateMode};

/// Quotas of registries, as ECR has them unless adjusted.
#[derive(Args, Debug, Clone)]
pub(crate) struct QuotaArguments {
    /// Repositories of one registry [default: 100000]
    #[arg(long, value_name = "NUMBER", env = "WHARFINGER_QUOTA_REPOSITORIES")]
    quota_repositories: Option<NonZeroU64>,
    /// Images of one repository [default: 100000]
    #[arg(long, value_name = "NUMBER", env = "WHARFINGER_QUOTA_IMAGES_PER_REPOSITORY")]
    quota_images_per_repository: Option<NonZeroU64>,
    /// Tags of one image [default: 1000]
    #[arg(long, value_name = "NUMBER", env = "WHARFINGER_QUOTA_TAGS_PER_IMAGE")]
    quota_tags_per_image: Option<NonZeroU64>,
    /// Whether requests are throttled at the rates of ECR [default: off]
    #[arg(long, value_name = "RATES", env = "WHARFINGER_QUOTA_RATES")]
    quota_rates: Option<RateForm>,
    /// Requests of one operation in a second, such as PutImage=10; may be repeated
    #[arg(long, value_name = "OPERATION=NUMBER", env = "WHARFINGER_QUOTA_RATE",
          value_delimiter = ',', value_parser = QuotaSettings::parse_rate)]
    quota_rate: Option<Vec<(RatedOperation, NonZeroU32)>>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RateForm {
    Off,
    Ecr,
}

impl QuotaArguments {
    pub(crate) fn settings(self) -> QuotaSettings {
        let rates = self.quota_rates.map(|form| match form {
            RateForm::Off => RateMode::Off,
            RateForm::Ecr => RateMode::Ecr,
        });
        QuotaSettings {
            repositories: self.quota_repositories,
            images_per_repository: self.quota_images_per_repository,
            tags_per_image: self.quota_tags_per_image,
            rates,
            rates_per_second: self.quota_rate.unwrap_or_default().into_iter().collect(),
        }
    }
}
