//! Which addresses may be connected to: public ones, and networks that the operator names.
//!
//! The lists are IANA's registries of special-purpose addresses for IPv4 and IPv6 (RFC 6890 and
//! what was added since).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A name has no address that may be connected to, or none at all.
#[derive(Debug, Clone, Copy, Error)]
#[error("no address of this name is public")]
pub(super) struct Forbidden;

/// IPv4 networks whose addresses are not public.
const SPECIAL_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Metadata of cloud machines among them.
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// All public IPv6 addresses are in here ...
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// ... but these, some of which have an IPv4 address inside.
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// A network of addresses, written `10.1.0.0/16` or `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => starts_v4(theirs, (ours, self.prefix_bits)),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => starts_v6(theirs, (ours, self.prefix_bits)),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a network is written 10.1.0.0/16, not {text:?}");
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = bits.parse().ok().filter(|bits| *bits <= bits_max).ok_or_else(wrong)?;
        Ok(Self { address, prefix_bits })
    }
}

/// The addresses that may be connected to.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// Beside the public ones.
    pub networks: Vec<Network>,
    /// Whether the public ones are not among them.
    pub without_public: bool,
}

impl Addresses {
    /// Whether this one may.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        // An IPv4 address in IPv6 clothes is connected to as what it is.
        let address = address.to_canonical();
        (!self.without_public && is_public(address)) || self.allow_named(address)
    }

    /// Whether it is in a network that the operator names.
    #[must_use]
    pub fn allow_named(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(address))
    }

    /// The networks that the operator names, and nothing else.
    #[must_use]
    pub fn named_alone(&self) -> Self {
        Self { networks: self.networks.clone(), without_public: true }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|network| starts_v4(v4, *network)),
        IpAddr::V6(v6) => {
            starts_v6(v6, GLOBAL_V6) && !SPECIAL_V6.iter().any(|network| starts_v6(v6, *network))
        }
    }
}

fn starts_v4(address: Ipv4Addr, (network, bits): (Ipv4Addr, u8)) -> bool {
    let differing = u32::from(address) ^ u32::from(network);
    u32::from(bits) <= differing.leading_zeros()
}

fn starts_v6(address: Ipv6Addr, (network, bits): (Ipv6Addr, u8)) -> bool {
    let differing = u128::from(address) ^ u128::from(network);
    u32::from(bits) <= differing.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_and_named_networks_are_allowed() {
        let named =
            Addresses { networks: vec!["10.1.0.0/16".parse().unwrap()], ..Addresses::default() };
        for (address, public, by_name) in [
            ("8.8.8.8", true, true),
            ("2606:4700::1111", true, true),
            ("10.1.2.3", false, true),
            ("10.2.2.3", false, false),
            ("::ffff:10.1.2.3", false, true),
            ("127.0.0.1", false, false),
            ("127.1.2.3", false, false),
            ("0.0.0.0", false, false),
            ("169.254.169.254", false, false),
            ("172.16.0.1", false, false),
            ("172.32.0.1", true, true),
            ("192.168.1.1", false, false),
            ("100.64.0.1", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("::", false, false),
            ("::1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("::127.0.0.1", false, false),
            ("64:ff9b::a9fe:a9fe", false, false),
            ("2002:7f00:1::", false, false),
            ("2001:0:7f00:1::", false, false),
            ("2001:db8::1", false, false),
            ("fe80::1", false, false),
            ("fd00:ec2::254", false, false),
            ("ff02::1", false, false),
        ] {
            let parsed: IpAddr = address.parse().unwrap();
            assert_eq!(Addresses::default().allow(parsed), public, "{address}");
            assert_eq!(named.allow(parsed), by_name, "{address}");
        }
    }

    #[test]
    fn networks_are_read_as_they_are_written() {
        for wrong in ["", "10.0.0.0", "10.0.0.0/33", "::/129", "a/8", "10.0.0.0/-1", "10.0.0.0/8/"]
        {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("1.2.3.4".parse().unwrap()));
        assert!(!all.contains("::1".parse().unwrap()));
    }
}
