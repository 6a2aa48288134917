//! The form that makes debug certificates, as filled in: which keys are new, what each certificate permits, to what the
//! leaf is restricted. A certificate can only narrow its issuer: that stands here.

/// Where in a chain of debug certificates one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainPlace {
    /// Signed by itself; the board knows its key's hash.
    Root,
    /// Between.
    Intermediate,
    /// Its key answers the board.
    Leaf,
}

impl ChainPlace {
    /// From the root on.
    pub const ALL: [Self; 3] = [Self::Root, Self::Intermediate, Self::Leaf];

    /// Its name in a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
        }
    }

    /// The places whose certificates come before: what they don't permit, nothing behind them does.
    pub fn issuers(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().take_while(move |place| *place != self)
    }
}

/// One thing for each place of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerPlace<T> {
    /// The root's.
    pub root: T,
    /// The intermediate's.
    pub intermediate: T,
    /// The leaf's.
    pub leaf: T,
}

impl<T> PerPlace<T> {
    /// The one of a place.
    pub const fn of(&self, place: ChainPlace) -> &T {
        match place {
            ChainPlace::Root => &self.root,
            ChainPlace::Intermediate => &self.intermediate,
            ChainPlace::Leaf => &self.leaf,
        }
    }

    /// The one of a place, to be changed.
    pub const fn of_mut(&mut self, place: ChainPlace) -> &mut T {
        match place {
            ChainPlace::Root => &mut self.root,
            ChainPlace::Intermediate => &mut self.intermediate,
            ChainPlace::Leaf => &mut self.leaf,
        }
    }
}

/// A restriction of the leaf certificate, typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restriction {
    /// To one chip, by the identifier that discovery answers.
    SocId,
    /// To a class of chips.
    SocClass,
}

impl Restriction {
    /// All of them, in their order.
    pub const ALL: [Self; 2] = [Self::SocId, Self::SocClass];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SocId => "One chip (SoC id)",
            Self::SocClass => "SoC class",
        }
    }

    /// Hexadecimal digits of the field.
    pub const fn digits(self) -> usize {
        match self {
            Self::SocId => 32,
            Self::SocClass => 8,
        }
    }
}

/// What a text of a restriction says: nothing typed means no restriction. The digits of a SoC id stand in the order of its
/// bytes.
///
/// # Errors
/// What is wrong with the text.
pub fn restriction_of(restriction: Restriction, typed: &str) -> Result<u128, String> {
    let digits: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    if digits.is_empty() {
        return Ok(0);
    }
    let most = restriction.digits();
    if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("hexadecimal digits only".to_owned());
    }
    if restriction == Restriction::SocId && digits.len() != most {
        return Err(format!("{most} digits, as discovery answers them; {} are there", digits.len()));
    }
    if digits.len() > most {
        return Err(format!("{most} digits at most"));
    }
    u128::from_str_radix(digits, 16).map_err(|_| "hexadecimal digits only".to_owned())
}

/// The form that makes certificates, as filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakingForm {
    /// What each certificate permits at most, one bit each.
    pub permissions: PerPlace<u128>,
    /// The first place with a new key: those behind it have new ones, too. `None` when every key stays.
    pub renewed_from: Option<ChainPlace>,
    /// The chip that the leaf is restricted to, hexadecimal as typed; empty for none.
    pub soc_id: String,
    /// The class of chips that the leaf is restricted to, hexadecimal as typed; empty for none.
    pub soc_class: String,
}

impl MakingForm {
    /// A form in which every certificate permits the same and the present keys stay.
    pub fn permitting(permissions: u128) -> Self {
        Self {
            permissions: PerPlace { root: permissions, intermediate: permissions, leaf: permissions },
            renewed_from: None,
            soc_id: String::new(),
            soc_class: String::new(),
        }
    }

    /// Whether a place gets a new key.
    pub fn renews(&self, place: ChainPlace) -> bool {
        self.renewed_from.is_some_and(|first| first == place || place.issuers().any(|issuer| issuer == first))
    }

    /// Gives a place a new key, and those behind it; or lets it keep the present one, and those before it.
    pub fn renew(&mut self, place: ChainPlace, granted: Granted) {
        self.renewed_from = match granted {
            Granted::Yes => Some(place),
            Granted::No => ChainPlace::ALL.into_iter().skip_while(|other| *other != place).nth(1),
        };
    }

    /// What the certificates before a place let it permit; all bits for the root.
    pub fn allowed(&self, place: ChainPlace) -> u128 {
        place.issuers().fold(u128::MAX, |allowed, issuer| allowed & self.permissions.of(issuer))
    }

    /// Lets a certificate permit something, or not. What it takes away is taken away from those behind it, too: a
    /// certificate can only narrow its issuer. What its issuers don't permit changes nothing.
    pub fn permit(&mut self, place: ChainPlace, bit: u8, granted: Granted) {
        let mask = 1_u128.checked_shl(u32::from(bit)).unwrap_or(0);
        match granted {
            Granted::Yes if self.allowed(place) & mask != 0 => *self.permissions.of_mut(place) |= mask,
            Granted::Yes => {}
            Granted::No => {
                for behind in ChainPlace::ALL.into_iter().skip_while(|other| *other != place) {
                    *self.permissions.of_mut(behind) &= !mask;
                }
            }
        }
    }

    /// What the chain permits as a whole.
    pub fn together(&self) -> u128 {
        ChainPlace::ALL.into_iter().fold(u128::MAX, |together, place| together & self.permissions.of(place))
    }

    /// What was typed of a restriction.
    pub fn typed(&self, restriction: Restriction) -> &str {
        match restriction {
            Restriction::SocId => &self.soc_id,
            Restriction::SocClass => &self.soc_class,
        }
    }

    /// The same, to be changed.
    pub const fn typed_mut(&mut self, restriction: Restriction) -> &mut String {
        match restriction {
            Restriction::SocId => &mut self.soc_id,
            Restriction::SocClass => &mut self.soc_class,
        }
    }

    /// What a restriction says.
    ///
    /// # Errors
    /// What is wrong with its text.
    pub fn restriction(&self, restriction: Restriction) -> Result<u128, String> {
        restriction_of(restriction, self.typed(restriction))
    }
}

/// Whether something is to be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// It is.
    Yes,
    /// It isn't.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u128 = 0x8000_0000_0000_0000_0000_0000_0000_5007;

    #[test]
    fn what_an_issuer_takes_away_is_gone_behind_it() {
        let mut form = MakingForm::permitting(ALL);
        form.permit(ChainPlace::Intermediate, 14, Granted::No);
        assert_eq!(form.permissions.root, ALL);
        assert_eq!(form.permissions.leaf, ALL & !(1 << 14));
        assert_eq!(form.together(), ALL & !(1 << 14));
    }

    #[test]
    fn a_certificate_never_permits_more_than_its_issuer() {
        let mut form = MakingForm::permitting(ALL);
        form.permit(ChainPlace::Root, 0, Granted::No);
        form.permit(ChainPlace::Leaf, 0, Granted::Yes);
        assert_eq!(form.permissions.leaf & 1, 0);
        assert_eq!(form.allowed(ChainPlace::Leaf) & 1, 0);
        assert_eq!(form.allowed(ChainPlace::Root), u128::MAX);
    }

    #[test]
    fn a_restriction_is_told_when_it_is_mistyped() {
        assert_eq!(restriction_of(Restriction::SocId, ""), Ok(0));
        assert_eq!(restriction_of(Restriction::SocClass, "0x12"), Ok(0x12));
        assert_eq!(
            restriction_of(Restriction::SocId, "0000 0000 0011 2233 4455 6677 8899 AABB"),
            Ok(0x0011_2233_4455_6677_8899_AABB)
        );
        for (restriction, wrong) in
            [(Restriction::SocId, "1234"), (Restriction::SocClass, "123456789"), (Restriction::SocClass, "closed")]
        {
            assert!(restriction_of(restriction, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_new_key_brings_new_keys_behind_it_and_a_kept_one_keeps_those_before_it() {
        let mut form = MakingForm::permitting(ALL);
        let renewed = |form: &MakingForm| ChainPlace::ALL.map(|place| form.renews(place));
        form.renew(ChainPlace::Intermediate, Granted::Yes);
        assert_eq!(renewed(&form), [false, true, true]);
        form.renew(ChainPlace::Root, Granted::Yes);
        assert_eq!(renewed(&form), [true, true, true]);
        form.renew(ChainPlace::Intermediate, Granted::No);
        assert_eq!(renewed(&form), [false, false, true]);
        form.renew(ChainPlace::Leaf, Granted::No);
        assert_eq!(renewed(&form), [false, false, false]);
    }
}
