//! For which kind of machine a library is: what its ELF header says.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::Read;
use std::path::Path;

use object::Endianness;
use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::FileHeader;

/// An ELF header is no longer, bytes.
const HEADER: u64 = 64;

/// ELF's e_machine, and Rust's name of the architecture.
const MACHINES: &[(elf::Machine, &str)] = &[
    (elf::EM_X86_64, "x86_64"),
    (elf::EM_386, "x86"),
    (elf::EM_AARCH64, "aarch64"),
    (elf::EM_ARM, "arm"),
    (elf::EM_RISCV, "riscv64"),
    (elf::EM_PPC64, "powerpc64"),
    (elf::EM_S390, "s390x"),
    (elf::EM_LOONGARCH, "loongarch64"),
];

/// The library's architecture, if it is another one than this program's. `None`: the same, or it can't be told.
pub(super) fn other_than_ours(path: &Path) -> Option<String> {
    let mut header = Vec::new();
    File::open(path)
        .ok()?
        .take(HEADER)
        .read_to_end(&mut header)
        .ok()?;
    named(&header).filter(|theirs| theirs != std::env::consts::ARCH)
}

/// `None`: no ELF file.
pub(super) fn named(header: &[u8]) -> Option<String> {
    let machine = match object::FileKind::parse(header).ok()? {
        object::FileKind::Elf64 => machine::<FileHeader64<Endianness>>(header),
        object::FileKind::Elf32 => machine::<FileHeader32<Endianness>>(header),
        _ => None,
    }?;
    let known = MACHINES.iter().find(|(known, _)| *known == machine);
    Some(known.map_or_else(
        || format!("ELF machine {machine:?}"),
        |(_, name)| (*name).to_owned(),
    ))
}

fn machine<Header: FileHeader<Endian = Endianness>>(header: &[u8]) -> Option<elf::Machine> {
    let header = Header::parse(header).ok()?;
    Some(header.e_machine(header.endian().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_very_program_is_of_our_architecture() {
        let own = std::env::current_exe().unwrap();
        assert_eq!(other_than_ours(&own), None);
        let mut header = vec![0; 64];
        File::open(own).unwrap().read_exact(&mut header).unwrap();
        assert_eq!(named(&header).as_deref(), Some(std::env::consts::ARCH));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = named(&bytes);
            let _ = named(&[b"\x7fELF\x02\x01\x01".as_slice(), &bytes].concat());
        }
    }
}
