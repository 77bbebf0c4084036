//! Addresses and their ranges (RFC 4632, "CIDR"), as policies and the configuration name them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::ParseError;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    first: IpAddr,
    /// How many bits are the same.
    prefix_bits: u32,
}

impl Network {
    /// Reads `address/bits`, or an address for itself alone. Bits after the prefix do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let Some((first, bits)) = text.split_once('/') else {
            let first = address(text)?;
            return Some(Self { first, prefix_bits: bits_of(first) });
        };
        let first: IpAddr = first.parse().ok()?;
        let fits = bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit());
        let prefix_bits = bits.parse().ok().filter(|bits| fits && *bits <= bits_of(first))?;
        // In the clothes of IPv6 the addresses of a range are those of IPv4, as `address` has them.
        let canonical = first.to_canonical();
        let clothes = bits_of(first) - bits_of(canonical);
        Some(match u32::checked_sub(prefix_bits, clothes) {
            Some(prefix_bits) => Self { first: canonical, prefix_bits },
            None => Self { first, prefix_bits },
        })
    }

    /// Whether `address` is one of them. One of IPv4 in the clothes of IPv6 is none of IPv4: see
    /// [`address`].
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                (first.to_bits() ^ address.to_bits()).leading_zeros()
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                (first.to_bits() ^ address.to_bits()).leading_zeros()
            }
            _ => return false,
        };
        differing >= self.prefix_bits
    }
}

impl FromStr for Network {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        const FORM: ParseError =
            ParseError::new("a network is an IP address, perhaps with /bits, such as 10.0.0.0/8");
        Self::parse(text).ok_or(FORM)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix_bits)
    }
}

/// Reads an address. One of IPv4 in the clothes of IPv6 is one of IPv4.
pub fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn bits_of(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_contain_what_begins_alike() {
        for (network, inside, outside) in [
            ("203.0.113.0/24", "203.0.113.255", "203.0.114.0"),
            ("203.0.113.77/24", "203.0.113.0", "203.0.112.255"),
            ("203.0.113.7", "203.0.113.7", "203.0.113.6"),
            ("203.0.113.7/32", "::ffff:203.0.113.7", "203.0.113.8"),
            ("::ffff:203.0.113.0/120", "203.0.113.7", "203.0.114.7"),
            ("::ffff:203.0.113.0/120", "::ffff:203.0.113.7", "::203.0.113.7"),
            ("::ffff:0:0/95", "::fffe:1.2.3.4", "::fffd:0:0"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("10.0.0.0/9", "10.127.0.1", "10.128.0.0"),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", "2001:db8:1234:5679::"),
            ("2001:db8::1", "2001:0db8:0:0:0:0:0:1", "2001:db8::2"),
            ("::/0", "ffff::", "1.2.3.4"),
        ] {
            let range = Network::parse(network).unwrap();
            assert!(range.contains(address(inside).unwrap()), "{network} {inside}");
            assert!(!range.contains(address(outside).unwrap()), "{network} {outside}");
        }
    }

    #[test]
    fn other_texts_are_no_ranges() {
        for bad in [
            "",
            "x",
            "1.2.3",
            "1.2.3.4/",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/+8",
            "1.2.3.4/-1",
            "1.2.3.4/8/8",
            "01.2.3.4",
            "1.2.3.4/0008",
            "*",
        ] {
            assert_eq!(Network::parse(bad), None, "{bad:?}");
            assert!(bad.parse::<Network>().unwrap_err().to_string().contains("10.0.0.0/8"));
        }
    }
}
