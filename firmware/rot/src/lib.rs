//! What the boot stages that judge images share: answers that one skipped instruction doesn't turn, the key that only the
//! device knows, option-byte keys, the keys of images, and signatures. What is decided with them is each stage's own.
#![no_std]

pub mod aes_peripheral;
pub mod ecdsa;
pub mod key_blob;
pub mod obk;
pub mod option_interface;
pub mod random;
pub mod redundant;
