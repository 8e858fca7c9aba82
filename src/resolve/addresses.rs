//! Fixed addresses of a container in its networks.

use std::net::IpAddr;

use crate::source::diagnostic::Diagnostic;
use crate::source::raw::RawText;

use super::container::Builder;
use super::values::shown_value;

/// What an address must be.
#[derive(Clone, Copy)]
pub(super) enum Family {
    Ipv4,
    Ipv6,
    Any,
}

impl Family {
    fn has(self, address: &IpAddr) -> bool {
        match self {
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
            Self::Any => true,
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Ipv4 => "expected an IPv4 address",
            Self::Ipv6 => "expected an IPv6 address",
            Self::Any => "expected an address",
        }
    }
}

impl Builder<'_> {
    /// An address as it is typed; what is none is reported.
    pub(super) fn fixed_address(&self, raw: &RawText, family: Family) -> Option<String> {
        let text = self.context.text(raw)?;
        if text.parse().is_ok_and(|address| family.has(&address)) {
            return Some(text);
        }
        let found = shown_value(raw, &text);
        self.context.report(
            Diagnostic::error(format!("container `{}` has the address {found}", self.config_name()))
                .at(raw.span, family.expected()),
        );
        None
    }
}
