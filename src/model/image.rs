//! Image references, in Docker's grammar.

use std::fmt;

use serde::{Serialize, Serializer};

/// The registry of names that mention none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The path Docker Hub keeps its official images under.
const OFFICIAL_PREFIX: &str = "library/";

/// `[registry/]path[:tag][@digest]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    /// Registry and path, without tag or digest, in the short form Docker shows.
    pub repository: String,
    /// Tag; `None` only where a digest is given.
    pub tag: Option<String>,
    /// `algorithm:hex`.
    pub digest: Option<String>,
    /// `os[/architecture[/variant]]` where a name stands for images of several machines; no part of
    /// the written form. `None` leaves it to the Engine.
    pub platform: Option<String>,
}

impl ImageReference {
    /// Reads a reference; without tag and digest, the tag is `default_tag`. Names that mean
    /// Docker Hub come out in their short form, so `docker.io/library/nginx` equals `nginx`.
    pub fn parse(text: &str, default_tag: &str) -> Self {
        let (name_and_tag, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (text, None),
        };
        let (name, typed_tag) = split_tag(name_and_tag);
        let tag = match (typed_tag, &digest) {
            (Some(tag), _) => Some(tag.to_owned()),
            (None, Some(_)) => None,
            (None, None) => Some(default_tag.to_owned()),
        };
        Self { repository: short_name(name).to_owned(), tag, digest, platform: None }
    }

    /// Host (and port) of the registry.
    pub fn registry(&self) -> &str {
        match self.repository.split_once('/') {
            Some((first, _)) if is_registry(first) => first,
            _ => DEFAULT_REGISTRY,
        }
    }

    /// Whether only letters that Docker allows are used, and no part is empty.
    pub fn is_valid(&self) -> bool {
        let path = match self.repository.split_once('/') {
            Some((first, path)) if is_registry(first) => path,
            _ => &self.repository,
        };
        !path.is_empty()
            && path.split('/').all(|part| !part.is_empty() && part.chars().all(is_path_character))
            && self.tag.as_deref().is_none_or(is_tag)
            && self.digest.as_deref().is_none_or(|digest| digest.contains(':'))
    }
}

/// Whether an image of one platform is what another asks for, which may say less: `linux/arm64/v8` is
/// `linux/arm64`, and both are `linux`.
pub fn is_platform(found: &str, wanted: &str) -> bool {
    let [os, architecture, variant] = platform_parts(wanted);
    let [found_os, found_architecture, found_variant] = platform_parts(found);
    os == found_os
        && (architecture.is_empty() || architecture == found_architecture)
        && (variant.is_empty() || variant == found_variant)
}

/// Operating system, architecture and variant; machines have several names, and some variants are
/// what their architecture is anyway.
fn platform_parts(platform: &str) -> [&str; 3] {
    let mut parts = platform.split('/');
    let [os, architecture, variant] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let (architecture, variant) = match (architecture, variant) {
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("i386", variant) => ("386", variant),
        ("aarch64" | "arm64", "v8" | "8" | "") => ("arm64", ""),
        ("aarch64", variant) => ("arm64", variant),
        ("armhf", "") | ("arm", "" | "7") => ("arm", "v7"),
        ("armel", "") | ("arm", "6") => ("arm", "v6"),
        other => other,
    };
    [os, architecture, variant]
}

/// Splits at the last colon, unless that belongs to a registry's port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

fn short_name(name: &str) -> &str {
    let path =
        name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    match path.strip_prefix(OFFICIAL_PREFIX) {
        Some(official) if !official.contains('/') => official,
        _ => path,
    }
}

fn is_registry(first_part: &str) -> bool {
    first_part.contains(['.', ':']) || first_part == "localhost"
}

fn is_path_character(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || matches!(character, '.' | '_' | '-')
}

fn is_tag(tag: &str) -> bool {
    !tag.is_empty()
        && tag.len() <= 128
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !tag.starts_with(['.', '-'])
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

impl Serialize for ImageReference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_docker_reads_them() {
        for (typed, shown, registry) in [
            ("nginx", "nginx:latest", "docker.io"),
            ("nginx:1.25", "nginx:1.25", "docker.io"),
            ("docker.io/library/nginx", "nginx:latest", "docker.io"),
            ("org/app", "org/app:latest", "docker.io"),
            ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000"),
            ("localhost:5000/app:2", "localhost:5000/app:2", "localhost:5000"),
            ("registry.example.com/a/b:1", "registry.example.com/a/b:1", "registry.example.com"),
            ("app@sha256:abcd", "app@sha256:abcd", "docker.io"),
            ("app:1@sha256:abcd", "app:1@sha256:abcd", "docker.io"),
        ] {
            let reference = ImageReference::parse(typed, "latest");
            assert_eq!(reference.to_string(), shown, "{typed}");
            assert_eq!(reference.registry(), registry, "{typed}");
            assert!(reference.is_valid(), "{typed}");
        }
    }

    #[test]
    fn platforms_have_several_names() {
        for (found, wanted) in [
            ("linux/amd64", "linux"),
            ("linux/amd64", "linux/x86_64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64", "linux/aarch64/v8"),
            ("linux/arm/v7", "linux/arm"),
        ] {
            assert!(is_platform(found, wanted), "{found} {wanted}");
        }
        for (found, wanted) in
            [("linux/amd64", "linux/arm64"), ("linux/amd64", "windows"), ("linux/arm/v6", "linux/arm/v7")]
        {
            assert!(!is_platform(found, wanted), "{found} {wanted}");
        }
    }

    #[test]
    fn what_docker_refuses_is_not_valid() {
        for typed in ["", "App", "a//b", "a:", "a b", "a:tag!", "registry.example.com/"] {
            assert!(!ImageReference::parse(typed, "latest").is_valid(), "{typed}");
        }
    }
}
