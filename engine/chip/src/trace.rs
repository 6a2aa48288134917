//! The words our firmware leaves on an ITM stimulus port for people: where it is, what it checked, what it decided.
//!
//! ST's ROM has no such port; it is how the virtual ROM explains itself. A disabled ITM ignores the writes, so
//! the iLoader may leave its words on silicon, too.

/// Address of the stimulus port.
pub const PORT: u32 = 0xE000_0000 + 4 * 30;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The ROM's first part.
    Rss,
    /// ST's immutable root of trust.
    Stirot,
    /// The loader in user flash.
    Iloader,
    /// The updatable second boot stage.
    Oemurot,
}

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$item])* #[doc = $text] $variant = $code,)* }

        impl $name {
            /// The item a code names.
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
            /// What it says, for people.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// What a stage reports. What the 16-bit detail means is said behind the colon.
    Event {
        State = 0x01, "product state read: RSSLIB code";
        OpensDebug = 0x02, "debug opened: HDPL";
        StartsUserFlash = 0x03, "starts user flash: HDPL";
        StartsBootloader = 0x04, "starts the system bootloader";
        WaitsForProvisioning = 0x05, "waits for the debugger";
        StartsStirot = 0x06, "starts STiRoT";
        ServesDebugAuthentication = 0x07, "serves debug authentication";
        DiscoveryAnswered = 0x08, "discovery answered";
        SessionClosed = 0x09, "debug-authentication session closed";
        ObjectStored = 0x0A, "object stored: HDPL and index";
        CallRefused = 0x0B, "RSSLIB call refused: low half of the status";
        OptionBytesSet = 0x0C, "option bytes set: offset of the register";
        ProductStateSet = 0x0D, "product state set: RSSLIB code";
        ChallengeGiven = 0x0E, "challenge given";
        CertificateAccepted = 0x0F, "certificate accepted: which, from 1";
        CredentialAccepted = 0x10, "credential accepted: low half of the permissions in force";
        CredentialRefused = 0x11, "credential refused: why";
        DebugGranted = 0x12, "debug will open: HDPL";
        DebugLocked = 0x13, "debug shut again";
        Regresses = 0x14, "regression begins";
        RegressionStep = 0x15, "regression: step done";
        RegressionFailed = 0x16, "regression not finished, can be tried again: step";
        SessionAbandoned = 0x17, "the host went away in the middle of a session";
        LoadPass = 0x20, "asks the iLoader to load";
        CommandRead = 0x21, "command of the iLoader: RSSCMD";
        Passed = 0x22, "check passed: which";
        Failed = 0x23, "check failed: which";
        UpdateSave = 0x24, "asks the iLoader to install";
        UpdateErase = 0x25, "asks the iLoader to erase the download slot";
        StartsApplication = 0x26, "starts the application: HDPL";
        Stopped = 0x27, "stopped, nothing runs: why";
        CounterStored = 0x28, "security counter stored: its major version and minor";
        Entered = 0x40, "iLoader entered: low half of the operation";
        LoadedInstallation = 0x41, "installation slot copied to RAM";
        LoadedDownload = 0x42, "download slot copied to RAM";
        NothingToLoad = 0x43, "nothing to load";
        Installed = 0x44, "installation slot written";
        DownloadErased = 0x45, "download slot erased";
        LoaderError = 0x46, "iLoader failed: where";
        Judges = 0x60, "judges an image: which in the high byte, where in the low";
        SlotErased = 0x61, "slot erased: which image in the high byte, which slot in the low";
        ReferenceStored = 0x62, "hash reference stored: first bytes of the hash";
        CopiedToRam = 0x63, "copied to where it runs: high half of the address";
        SeenHigh = 0x64, "security counter of the image, high half";
        SeenLow = 0x65, "security counter of the image, low half";
        WantedHigh = 0x66, "lowest security counter that is taken, high half";
        WantedLow = 0x67, "lowest security counter that is taken, low half";
        VersionSeen = 0x68, "version of the image: major and minor";
        SecondStageEntered = 0x6A, "second stage entered: where its application runs (0 in place, 1 internal RAM, 2 external RAM)";
        DownloadIgnored = 0x69, "download slot holds no image and is left alone: which image";
    }
}

codes! {
    /// What a check was about.
    Check {
        Configuration = 1, "STiROT_Config is stored and intact";
        Data = 2, "STiROT_Data is stored and intact";
        Magic = 3, "image magic";
        Header = 4, "image header";
        Sizes = 5, "sizes fit the slot";
        Counter = 6, "security counter is not lower";
        KeyBlob = 7, "key blob opens";
        Hash = 8, "hash";
        KeyHash = 9, "signing key is the configured one";
        Signature = 10, "signature";
        MinimumState = 11, "product state is high enough";
        HashReference = 12, "hash is that of the image that ran last";
        Layout = 13, "layout block of the second stage";
        Protection = 14, "cipher engine and memory protection stand as they should";
        Vectors = 15, "vector table of the application";
        RunCopy = 16, "copy that will run is the installed image";
    }
}

codes! {
    /// Why STiRoT or the second stage stopped for good.
    Stop {
        NoConfiguration = 1, "no usable STiROT_Config";
        NoData = 2, "no usable STiROT_Data";
        NothingFound = 3, "no image in either slot";
        LoaderFailed = 4, "the iLoader failed twice";
        ImageRefused = 5, "the installed image was refused";
        StateTooLow = 6, "product state below the configured minimum";
        NoLoader = 7, "no iLoader where the configuration says";
        Disagreement = 8, "two evaluations of the same check disagree";
        UnknownCommand = 9, "unknown command from the iLoader";
        NoBootableImage = 10, "no bootable image";
        BadLayout = 11, "no usable layout block in the second stage";
        ExternalFlashFailed = 12, "external flash doesn't do what it should";
        ExternalRamFailed = 13, "external RAM doesn't do what it should";
        NoSecondConfiguration = 14, "no usable OEMuROT_Config";
        NoSecondData = 15, "no usable OEMuROT_Data";
        WrongPlace = 16, "the second stage was started where, or at a level that, it doesn't belong";
        CipherFailed = 17, "memory cipher engine doesn't take key, region or lock";
        Exception = 18, "an exception in the second stage";
    }
}

codes! {
    /// Why debug authentication said no.
    Refusal {
        Locked = 1, "the board is locked for good";
        NoObject = 2, "no usable debug-authentication object";
        RefusedBefore = 3, "a credential was refused; only a reset gives another try";
        NoChallenge = 4, "no challenge is waiting for an answer";
        Malformed = 5, "malformed: lengths, versions, kinds or reserved fields";
        OtherMethod = 6, "the stored object asks for another method";
        Order = 7, "certificate out of order: role";
        TooMany = 8, "too many certificates";
        Usage = 9, "certificate for another usage";
        Lifecycle = 10, "certificate for another life cycle";
        Constraint = 11, "certificate with an OEM constraint";
        OtherChip = 12, "certificate for another SoC class or chip";
        Extensions = 13, "extensions";
        ForeignRoot = 14, "the root key is not the stored one";
        CertificateSignature = 15, "signature of a certificate";
        TokenSignature = 16, "signature of the token";
        Permissions = 17, "the token asks for more than is granted, or for nothing";
        Password = 18, "wrong password";
        Disagreement = 19, "two evaluations of the same check disagree";
    }
}

codes! {
    /// The steps of a regression.
    RegressionStep {
        Unprotect = 1, "write protection off";
        EraseFlash = 2, "user flash erased";
        WipeRam = 3, "RAM wiped";
        Open = 4, "state OPEN asked for";
    }
}

/// What an [`Event::Judges`] or [`Event::SlotErased`] of the second stage is about: bits 15:8 of the detail are the image,
/// bits 7:0 where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Which image.
    pub image: SubjectImage,
    /// Where it lies.
    pub place: SubjectPlace,
}

codes! {
    /// One of the second stage's images.
    SubjectImage {
        Application = 0, "application";
        Data = 1, "data image";
    }
}

codes! {
    /// Where the second stage looks at an image.
    SubjectPlace {
        Download = 0, "download slot";
        Installation = 1, "installation slot";
        RunCopy = 2, "copy that runs";
    }
}

impl Subject {
    /// The detail.
    pub const fn encode(self) -> u16 {
        (self.image as u16) << 8 | self.place as u16
    }

    /// The subject that a detail names.
    pub const fn decode(detail: u16) -> Option<Self> {
        match (SubjectImage::from_code((detail >> 8) as u8), SubjectPlace::from_code(detail as u8)) {
            (Some(image), Some(place)) => Some(Self { image, place }),
            _ => None,
        }
    }
}

/// One word on the port: stage in bits 31:24, event in 23:16, detail in 15:0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceWord {
    /// Who speaks.
    pub stage: Stage,
    /// What happened.
    pub event: Event,
    /// The event's detail.
    pub detail: u16,
}

impl TraceWord {
    /// The word as written to the port.
    pub const fn encode(self) -> u32 {
        let stage = match self.stage {
            Stage::Rss => 1,
            Stage::Stirot => 2,
            Stage::Iloader => 3,
            Stage::Oemurot => 4,
        };
        stage << 24 | (self.event as u32) << 16 | self.detail as u32
    }

    /// The word a value spells, if it spells one.
    pub const fn decode(word: u32) -> Option<Self> {
        let stage = match word >> 24 {
            1 => Stage::Rss,
            2 => Stage::Stirot,
            3 => Stage::Iloader,
            4 => Stage::Oemurot,
            _ => return None,
        };
        match Event::from_code((word >> 16) as u8) {
            Some(event) => Some(Self { stage, event, detail: word as u16 }),
            None => None,
        }
    }
}
