//! Pulls from the lab's registries; the pulled names stay on the host, for no verb removes images.

use dmfab::host::engine::Engine;
use dmfab::host::engine_error::EngineErrorKind;
use dmfab::model::spec::RegistryLogin;

use super::subject::image;

fn login(password: &str) -> RegistryLogin {
    RegistryLogin { username: "alice".to_owned(), password: password.to_owned().into(), email: None }
}

/// `open` and `closed` are `host:port`; the closed one wants alice and her password.
pub(super) async fn a_pull_brings_an_image_or_says_why_not<E: Engine>(
    engine: &E,
    open: &str,
    closed: &str,
    password: &str,
) {
    let reference = image(&format!("{open}/dmfab-lab/app:2"));
    engine.pull_image(&reference, None).await.expect("pulled");
    let images = engine.list_images().await.expect("images");
    assert!(images.contains_key(&reference.to_string()), "listed under the pulled name");

    // Pulled is what the registry has: the digest is the same, and the host knows the image by it.
    let digest = engine.registry_digest(&reference, None).await.expect("a digest");
    let by_digest = format!("{}@{digest}", reference.repository);
    assert_eq!(images.get(&by_digest), images.get(&reference.to_string()), "{images:?}");

    let missing = image(&format!("{open}/dmfab-lab/app:none"));
    engine.registry_digest(&missing, None).await.expect_err("no such tag");
    let error = engine.pull_image(&missing, None).await.expect_err("no such tag");
    assert!(error.is_not_found(), "{error}");

    let reference = image(&format!("{closed}/dmfab-lab/app:2"));
    for login in [None, Some(login("wrong"))] {
        let error = engine.pull_image(&reference, login.as_ref()).await.expect_err("not allowed");
        assert!(!error.is_not_found() && !error.to_string().contains("wrong"), "{error}");
        let is_refused = matches!(error.kind, EngineErrorKind::Refused { .. } | EngineErrorKind::Pull { .. });
        assert!(is_refused, "{error}");
    }
    engine.pull_image(&reference, Some(&login(password))).await.expect("pulled with a login");
    let refused = engine.registry_digest(&reference, None).await.expect_err("not allowed");
    assert!(!refused.is_connection_lost(), "{refused}");
    engine.registry_digest(&reference, Some(&login(password))).await.expect("a digest with a login");
}
