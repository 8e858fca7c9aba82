//! Host certificates: the one that holds, and every way of not holding.

use russh::keys::PrivateKey;
use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::ssh_key::public::KeyData;

use super::super::host_certificate::validate;
use super::random_key;

const YEAR_SECONDS: u64 = 365 * 24 * 3600;

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A certificate for `web1`, changed by `change` before it is signed by `authority`.
fn verdict(
    authority: &PrivateKey,
    after: u64,
    before: u64,
    change: impl FnOnce(&mut Builder),
) -> Result<(), String> {
    let subject = random_key();
    let mut builder = Builder::new([7; 32], subject.public_key().key_data().clone(), after, before).unwrap();
    builder.key_id("web1").unwrap();
    change(&mut builder);
    let certificate = builder.sign(authority).unwrap();
    let trusted: Vec<KeyData> = vec![TRUSTED.with(|key| key.public_key().key_data().clone())];
    validate(&certificate, &trusted, "Web1")
}

thread_local! {
    static TRUSTED: PrivateKey = random_key();
}

fn host(builder: &mut Builder, principal: &str) {
    builder.cert_type(CertType::Host).unwrap().valid_principal(principal).unwrap();
}

#[test]
fn only_a_certificate_that_is_right_in_everything_holds() {
    let trusted = TRUSTED.with(Clone::clone);
    let (after, before) = (now() - 60, now() + YEAR_SECONDS);
    assert_eq!(verdict(&trusted, after, before, |builder| host(builder, "web1")), Ok(()));
    assert_eq!(verdict(&trusted, after, before, |builder| host(builder, "web*")), Ok(()));
    let refused = |result: Result<(), String>, reason: &str| {
        let found = result.unwrap_err();
        assert!(found.contains(reason), "{found}");
    };
    refused(verdict(&random_key(), after, before, |builder| host(builder, "web1")), "is not trusted");
    refused(verdict(&trusted, after, before, |builder| host(builder, "web2")), "it is for `web2`");
    refused(
        verdict(&trusted, after - YEAR_SECONDS, after, |builder| host(builder, "web1")),
        "not valid at this time",
    );
    refused(
        verdict(&trusted, before - 60, before, |builder| host(builder, "web1")),
        "not valid at this time",
    );
    let user = |builder: &mut Builder| {
        builder.cert_type(CertType::User).unwrap().valid_principal("web1").unwrap();
    };
    refused(verdict(&trusted, after, before, user), "user certificate");
    let critical = |builder: &mut Builder| {
        host(builder, "web1");
        builder.critical_option("unheard-of", "").unwrap();
    };
    refused(verdict(&trusted, after, before, critical), "critical option");
    let everyone = |builder: &mut Builder| {
        builder.cert_type(CertType::Host).unwrap().all_principals_valid().unwrap();
    };
    refused(verdict(&trusted, after, before, everyone), "it is for no name");
}
