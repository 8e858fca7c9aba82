//! Judging a host certificate by the `@cert-authority` lines of the known hosts.
//!
//! A certificate is asked for only where such a line names the host. Everything that is not
//! plainly right is an error: there is no falling back to the bare key inside the certificate.

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Algorithm, Certificate, HashAlg};

use super::known_hosts::matches_pattern;

/// Checks that one of `authorities` says now that `name` (host name or alias, without port)
/// holds the certificate's key.
///
/// # Errors
/// What is wrong with it, to follow "is not valid: ".
pub(super) fn validate(certificate: &Certificate, authorities: &[KeyData], name: &str) -> Result<(), String> {
    if certificate.cert_type() != CertType::Host {
        return Err("it is a user certificate".to_owned());
    }
    let authority = certificate.signature_key();
    let fingerprint = authority.fingerprint(HashAlg::Sha256);
    if !authorities.contains(authority) {
        return Err(format!("authority {fingerprint} is not trusted for this host"));
    }
    if matches!(certificate.signature().algorithm(), Algorithm::Rsa { hash: None } | Algorithm::Dsa) {
        return Err("it is signed with SHA-1".to_owned());
    }
    // An empty list would mean every host; OpenSSH gave that up as well.
    let name = name.to_lowercase();
    let principals = certificate.valid_principals();
    if !principals.iter().any(|principal| matches_pattern(&principal.to_lowercase(), &name)) {
        let names = if principals.is_empty() {
            "no name".to_owned()
        } else {
            format!("`{}`", principals.join("`, `"))
        };
        return Err(format!("it is for {names}"));
    }
    if let Some((option, _)) = certificate.critical_options().iter().next() {
        return Err(format!("critical option `{option}` is not known"));
    }
    certificate
        .validate([&fingerprint])
        .map_err(|_| "its signature is wrong, or it is not valid at this time".to_owned())
}
