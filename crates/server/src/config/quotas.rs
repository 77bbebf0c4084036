//! What is said of quotas: those that AWS adjusts on request.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

use serde::{Deserialize, Deserializer};
use wharfinger_core::{Quotas, RatedOperation, Rates};

/// What one layer says of quotas. What none says is as ECR has it, but for the rates.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaSettings {
    /// Repositories of one registry.
    pub repositories: Option<NonZeroU64>,
    /// Images of one repository.
    pub images_per_repository: Option<NonZeroU64>,
    /// Tags of one image.
    pub tags_per_image: Option<NonZeroU64>,
    /// Which rates hold where `rates_per_second` says nothing.
    pub rates: Option<RateMode>,
    /// Requests in a second for each registry, by operation.
    #[serde(default, deserialize_with = "by_operation")]
    pub rates_per_second: BTreeMap<RatedOperation, NonZeroU32>,
}

/// Which rates there are unless single ones are set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateMode {
    /// None: whoever runs the registry owns the machine.
    #[default]
    Off,
    /// Those of ECR.
    Ecr,
}

impl QuotaSettings {
    /// These settings where they say something, and `below` where they do not.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let mut rates_per_second = below.rates_per_second;
        rates_per_second.extend(self.rates_per_second);
        Self {
            repositories: self.repositories.or(below.repositories),
            images_per_repository: self.images_per_repository.or(below.images_per_repository),
            tags_per_image: self.tags_per_image.or(below.tags_per_image),
            rates: self.rates.or(below.rates),
            rates_per_second,
        }
    }

    /// Reads `OPERATION=NUMBER`, the rate of one operation.
    ///
    /// # Errors
    /// A text that says what was expected.
    pub fn parse_rate(text: &str) -> Result<(RatedOperation, NonZeroU32), String> {
        let (operation, per_second) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` is not OPERATION=NUMBER, such as PutImage=10"))?;
        let operation = operation.parse().map_err(|error| format!("`{operation}`: {error}"))?;
        let per_second = per_second
            .parse()
            .map_err(|_| format!("`{per_second}` is not a number of requests above 0"))?;
        Ok((operation, per_second))
    }

    pub(super) fn resolve(self) -> Quotas {
        let default = Quotas::default();
        let or = |given: Option<NonZeroU64>, default| given.map_or(default, NonZeroU64::get);
        let rates = match self.rates.unwrap_or_default() {
            RateMode::Off => Rates::OFF,
            RateMode::Ecr => Rates::ecr(),
        };
        let rates = self
            .rates_per_second
            .into_iter()
            .fold(rates, |rates, (operation, rate)| rates.with(operation, rate));
        Quotas {
            repositories_max: or(self.repositories, default.repositories_max),
            images_per_repository_max: or(
                self.images_per_repository,
                default.images_per_repository_max,
            ),
            tags_per_image_max: or(self.tags_per_image, default.tags_per_image_max),
            rates,
        }
    }
}

fn by_operation<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<RatedOperation, NonZeroU32>, D::Error> {
    let named = BTreeMap::<String, NonZeroU32>::deserialize(deserializer)?;
    let operation = |(name, rate): (String, NonZeroU32)| match name.parse() {
        Ok(operation) => Ok((operation, rate)),
        Err(error) => Err(serde::de::Error::custom(format!("`{name}`: {error}"))),
    };
    named.into_iter().map(operation).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<QuotaSettings, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_said_is_ecr_without_its_rates() {
        assert_eq!(read("").unwrap().resolve(), Quotas::default());
        assert_eq!(read("rates = 'off'").unwrap().resolve(), Quotas::default());
    }

    #[test]
    fn rates_are_those_of_ecr_but_for_single_ones() {
        let file = read(
            "repositories = 1\nimages_per_repository = 2\ntags_per_image = 3\nrates = 'ecr'\n\
             [rates_per_second]\nPutImage = 4\nBatchGetImage = 5\n",
        );
        let flags = QuotaSettings {
            tags_per_image: NonZeroU64::new(6),
            rates_per_second: [QuotaSettings::parse_rate("PutImage=7").unwrap()].into(),
            ..QuotaSettings::default()
        };
        let quotas = flags.over(file.unwrap()).resolve();
        let rate = |operation| quotas.rates.per_second(operation).map(NonZeroU32::get);
        assert_eq!(quotas.repositories_max, 1);
        assert_eq!(quotas.images_per_repository_max, 2);
        assert_eq!(quotas.tags_per_image_max, 6);
        assert_eq!(rate(RatedOperation::PutImage), Some(7));
        assert_eq!(rate(RatedOperation::BatchGetImage), Some(5));
        assert_eq!(rate(RatedOperation::UploadLayerPart), Some(500));
        let single = read("[rates_per_second]\nPutImage = 4\n").unwrap().resolve().rates;
        assert_eq!(single, Rates::OFF.with(RatedOperation::PutImage, 4.try_into().unwrap()));
    }

    #[test]
    fn no_quota_is_zero_and_no_rate_of_something_else() {
        for bad in [
            "repositories = 0",
            "images_per_repository = -1",
            "tags_per_image = 0",
            "rates = 'on'",
            "[rates_per_second]\nPutImage = 0",
            "layers = 1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let other = read("[rates_per_second]\nDescribeImages = 1").unwrap_err();
        assert!(other.contains("DescribeImages") && other.contains("PutImage"), "{other}");
        for bad in ["PutImage", "PutImage=", "PutImage=0", "putimage=1", "=1", "DescribeImages=1"] {
            assert!(QuotaSettings::parse_rate(bad).is_err(), "{bad}");
        }
    }
}
