//! Makes the calls of a scene on the fault-injecting module, as an application would.

use std::ffi::OsStr;
use std::time::Duration;
use std::{io, ptr, thread};

use cardcheck::model::ckr::Ckr;
use cryptoki_sys::*;
use libloading::Library;

use crate::support::PIN;

/// Longer than any card here is gone.
const BACK_AFTER: Duration = Duration::from_millis(120);

/// Who makes the calls of a scene.
pub(crate) struct Player {
    module: CK_FUNCTION_LIST,
    slot: CK_SLOT_ID,
    /// Of the token that was there at first.
    serial: [u8; 16],
    session: CK_SESSION_HANDLE,
    key: CK_OBJECT_HANDLE,
}

/// Calls a function of the module; its CKR.
macro_rules! call {
    ($player:ident.$name:ident($($arg:expr),*)) => {
        // SAFETY: all pointers are to variables that outlive the call, with their lengths.
        unsafe { $player.module.$name.unwrap()($($arg),*) }
    };
}

impl Player {
    /// Loads the faulty module and looks for the token.
    pub(crate) fn new(module: &OsStr) -> Self {
        let mut player = Self {
            module: load(module),
            slot: 0,
            serial: [0; 16],
            session: 0,
            key: 0,
        };
        assert_eq!(call!(player.C_Initialize(ptr::null_mut())), CKR_OK);
        // without "token present": it may be gone already
        player.slot = player.slots(CK_FALSE)[0];
        player.serial = player.token().map_or([0; 16], |info| info.serialNumber);
        player
    }

    /// Does a step of the scene; what came of it, in words.
    pub(crate) fn step(&mut self, step: &str) -> String {
        match step {
            "C_GetInfo" => named(call!(self.C_GetInfo(&mut CK_INFO::default()))),
            "C_GetSlotList" => match self.slots(CK_TRUE).contains(&self.slot) {
                true => "with the token".into(),
                false => "without the token".into(),
            },
            "C_GetTokenInfo" => match self.token() {
                Ok(info) if info.serialNumber == self.serial => "the same".into(),
                Ok(info) => String::from_utf8_lossy(&info.serialNumber)
                    .trim_end()
                    .into(),
                Err(rv) => named(rv),
            },
            "C_OpenSession" => named(self.open()),
            "C_GetSessionInfo" => {
                let mut info = CK_SESSION_INFO::default();
                named(call!(self.C_GetSessionInfo(self.session, &mut info)))
            }
            "C_CloseSession" => named(call!(self.C_CloseSession(self.session))),
            "C_Login" => named(self.log_in()),
            "C_FindObjectsInit" => named(self.search()),
            "C_FindObjects" => match self.find() {
                Ok(count) => format!("{count} found"),
                Err(rv) => named(rv),
            },
            "C_FindObjectsFinal" => named(call!(self.C_FindObjectsFinal(self.session))),
            "C_SignInit" => named(self.begin_to_sign()),
            "C_Sign" => named(self.sign()),
            "wait" => {
                thread::sleep(BACK_AFTER);
                "until it is back".into()
            }
            "pause" => {
                io::stdin().read_line(&mut String::new()).unwrap();
                "over".into()
            }
            _ => panic!("no such step: {step}"),
        }
    }

    fn slots(&self, token_present: CK_BBOOL) -> Vec<CK_SLOT_ID> {
        let mut slots = [0; 8];
        let mut count = slots.len() as CK_ULONG;
        let rv = call!(self.C_GetSlotList(token_present, slots.as_mut_ptr(), &mut count));
        assert_eq!(rv, CKR_OK);
        slots[..count as usize].to_vec()
    }

    fn token(&self) -> Result<CK_TOKEN_INFO, CK_RV> {
        let mut info = CK_TOKEN_INFO::default();
        match call!(self.C_GetTokenInfo(self.slot, &mut info)) {
            CKR_OK => Ok(info),
            rv => Err(rv),
        }
    }

    fn open(&mut self) -> CK_RV {
        let (flags, session) = (CKF_SERIAL_SESSION, &raw mut self.session);
        call!(self.C_OpenSession(self.slot, flags, ptr::null_mut(), None, session))
    }

    fn log_in(&self) -> CK_RV {
        let (pin, len) = (PIN.as_ptr().cast_mut(), PIN.len() as CK_ULONG);
        call!(self.C_Login(self.session, CKU_USER, pin, len))
    }

    /// Begins to search for the one private EC key.
    fn search(&self) -> CK_RV {
        let (mut class, mut kind) = (CKO_PRIVATE_KEY, CKK_EC);
        let attribute = |type_, value: &mut CK_ULONG| CK_ATTRIBUTE {
            type_,
            pValue: ptr::from_mut(value).cast(),
            ulValueLen: size_of::<CK_ULONG>() as CK_ULONG,
        };
        let mut template = [
            attribute(CKA_CLASS, &mut class),
            attribute(CKA_KEY_TYPE, &mut kind),
        ];
        call!(self.C_FindObjectsInit(self.session, template.as_mut_ptr(), 2))
    }

    fn find(&mut self) -> Result<CK_ULONG, CK_RV> {
        let (mut count, key) = (0, &raw mut self.key);
        match call!(self.C_FindObjects(self.session, key, 1, &mut count)) {
            CKR_OK => Ok(count),
            rv => Err(rv),
        }
    }

    fn begin_to_sign(&self) -> CK_RV {
        let mut mechanism = CK_MECHANISM {
            mechanism: CKM_ECDSA,
            pParameter: ptr::null_mut(),
            ulParameterLen: 0,
        };
        call!(self.C_SignInit(self.session, &mut mechanism, self.key))
    }

    fn sign(&self) -> CK_RV {
        let (mut digest, mut signature, mut len) = ([7; 32], [0; 64], 64);
        let (digest, signature) = (digest.as_mut_ptr(), signature.as_mut_ptr());
        call!(self.C_Sign(self.session, digest, 32, signature, &mut len))
    }
}

fn load(module: &OsStr) -> CK_FUNCTION_LIST {
    type GetFunctionList = unsafe extern "C" fn(*mut *mut CK_FUNCTION_LIST) -> CK_RV;
    let mut list = ptr::null_mut();
    // SAFETY: it is a PKCS#11 module, and stays loaded; the list is valid after CKR_OK.
    unsafe {
        let library = Box::leak(Box::new(Library::new(module).unwrap()));
        let get_list = library.get::<GetFunctionList>(b"C_GetFunctionList");
        assert_eq!(get_list.unwrap()(&raw mut list), CKR_OK);
        *list
    }
}

fn named(rv: CK_RV) -> String {
    match rv {
        CKR_OK => "CKR_OK".into(),
        rv => Ckr(rv).to_string(),
    }
}
