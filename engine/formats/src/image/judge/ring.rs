//! The keys at hand for judging an image, and which of them the image must have been made with.

use crate::image::settings::ImageProfile;
use crate::keys::{Fingerprint, PrivateKey, PublicKey};
use crate::sample_keys::is_sample;

/// The keys that an image may have been made with.
#[derive(Clone, Default)]
pub struct KeyRing(pub Vec<RingKey>);

/// A key and what it is for.
#[derive(Clone)]
pub struct RingKey {
    /// Its name for people, such as its file's.
    pub name: String,
    /// Where it comes from.
    pub origin: KeyOrigin,
    /// What it is for.
    pub role: KeyRole,
    /// Whose images it is for; none when it is for any.
    pub profile: Option<ImageProfile>,
    /// What is held of it.
    pub key: HeldKey,
}

/// What is held of a key.
#[derive(Clone)]
pub enum HeldKey {
    /// Both halves.
    Private(PrivateKey),
    /// The public half alone.
    Public(PublicKey),
    /// The private half is there and locked, or missing.
    Locked {
        /// The public half, where it is known.
        public: Option<PublicKey>,
        /// Why the private half can't be used, and what to do.
        why: String,
    },
}

/// Where a key comes from. Keys of the project are the ones an image must have been made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOrigin {
    /// The open project.
    Project,
    /// Given for this judgement.
    Given,
    /// A published sample that the studio has.
    BuiltinSample,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// Signs images.
    Authentication,
    /// Opens images.
    Encryption,
    /// Not said.
    Any,
}

/// A key that fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: KeyOrigin,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The name of the published sample key that it is: never to be shipped.
    pub sample: Option<&'static str>,
}

impl KeyUse {
    /// The key in a few words; a sample says so.
    pub fn text(&self) -> String {
        let sample = if self.sample.is_some() { ", SAMPLE" } else { "" };
        format!("{} ({}{sample})", self.name, self.fingerprint.short())
    }
}

impl RingKey {
    /// The public half, where it is known.
    pub fn public(&self) -> Option<PublicKey> {
        match &self.key {
            HeldKey::Private(key) => Some(key.public()),
            HeldKey::Public(key) => Some(*key),
            HeldKey::Locked { public, .. } => *public,
        }
    }

    /// The private half, where it can be used.
    pub fn private(&self) -> Option<&PrivateKey> {
        match &self.key {
            HeldKey::Private(key) => Some(key),
            _ => None,
        }
    }

    fn is_for(&self, role: KeyRole, profile: Option<ImageProfile>) -> bool {
        let profile_fits = self.profile.is_none() || profile.is_none() || self.profile == profile;
        (self.role == role || self.role == KeyRole::Any) && profile_fits
    }
}

/// A ring looked at for one image: each public half is computed once.
pub(super) struct Keys<'a> {
    known: Vec<Known<'a>>,
    profile: Option<ImageProfile>,
}

/// A key with its public half.
pub(super) struct Known<'a> {
    pub(super) key: &'a RingKey,
    pub(super) public: Option<PublicKey>,
}

impl<'a> Keys<'a> {
    pub(super) fn of(ring: &'a KeyRing, profile: Option<ImageProfile>) -> Self {
        Self { known: ring.0.iter().map(|key| Known { key, public: key.public() }).collect(), profile }
    }

    /// The key that an image must have been made with: the project's.
    pub(super) fn expected(&self, role: KeyRole) -> Option<&Known<'a>> {
        self.known.iter().find(|known| known.key.origin == KeyOrigin::Project && known.key.is_for(role, self.profile))
    }

    /// Every key, the expected one first. A key that is here for something else tells what went wrong.
    pub(super) fn all(&self, role: KeyRole) -> impl Iterator<Item = &Known<'a>> {
        let expected = self.expected(role);
        let others = self.known.iter().filter(move |known| !expected.is_some_and(|it| std::ptr::eq(it, *known)));
        expected.into_iter().chain(others)
    }

    /// The keys that were given for a role, those of the project and the samples left out.
    pub(super) fn given(&self, role: KeyRole) -> impl Iterator<Item = &Known<'a>> {
        let is_given =
            move |known: &&Known<'_>| known.key.origin == KeyOrigin::Given && known.key.is_for(role, self.profile);
        self.known.iter().filter(is_given)
    }
}

impl Known<'_> {
    /// How it is told when it fits.
    pub(super) fn used(&self) -> Option<KeyUse> {
        let fingerprint = self.public?.fingerprint();
        let sample = is_sample(&fingerprint);
        Some(KeyUse { name: self.key.name.clone(), origin: self.key.origin, fingerprint, sample })
    }

    /// Its name and fingerprint.
    pub(super) fn text(&self) -> String {
        self.used().map_or_else(|| self.key.name.clone(), |used| used.text())
    }
}
