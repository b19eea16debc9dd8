//! The fault-injecting module does what its rules say: scenes on real SoftHSM2 tokens.
//!
//! A scene is a list of calls, one a line, each with what it comes to. It is played by a process of its own (this test
//! program once more), because a module reads its rules for a whole process.

mod support;

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};
use std::{env, ptr};

use cardcheck::model::ckr::Ckr;
use cryptoki_sys::*;
use libloading::Library;
use support::{Lab, PIN};

/// Holds the scene that a process is to play.
const SCENE: &str = "FAULTY_MODULE_SCENE";
/// Holds the path of the module; to build it takes longer than a scene.
const MODULE: &str = "FAULTY_MODULE";
/// A scene's beginning: a session that can sign.
const READY: &str = "
    C_OpenSession CKR_OK
    C_Login CKR_OK
    C_FindObjectsInit CKR_OK
    C_FindObjects 1 found
    C_FindObjectsFinal CKR_OK
";
const SIGNED: &str = "
    C_SignInit CKR_OK
    C_Sign CKR_OK
";
/// What a played line begins with, amid all else that a test program prints.
const PLAYED: &str = "> ";

#[test]
fn noise_goes_to_stdout_and_stderr() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = "on C_GetInfo stdout \"says hello\" stderr \"warns of dogs\" flood 2";
    let output = process(&lab, rules, "C_GetInfo CKR_OK").output().unwrap();
    assert!(text(&output.stdout).contains("says hello\n"));
    assert!(text(&output.stderr).contains("warns of dogs\n"));
    assert!((2 << 20..3 << 20).contains(&output.stdout.len()));
}

#[test]
fn the_log_names_the_process_that_initialised_the_module() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let child = process(&lab, "", "C_GetInfo CKR_OK").spawn().unwrap();
    let line = format!("C_Initialize pid={} rv=0x00000000", child.id());
    child.wait_with_output().unwrap();
    assert_eq!(lab.calls()[0], line);
}

#[test]
fn a_process_counts_for_itself() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let scene = "
        C_GetInfo CKR_OK
        C_GetInfo CKR_DEVICE_ERROR
        C_GetInfo CKR_OK";
    play(&lab, "on C_GetInfo after 1 times 1 ckr 0x30", scene);
    play(&lab, "on C_GetInfo after 1 times 1 ckr 0x30", scene);
}

#[test]
fn processes_one_after_the_other_count_together() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = counted(&lab, "on C_GetInfo ckr 0x30 after 3 times 1");
    let twice_fine = "
        C_GetInfo CKR_OK
        C_GetInfo CKR_OK";
    let second_fails = "
        C_GetInfo CKR_OK
        C_GetInfo CKR_DEVICE_ERROR";
    play(&lab, &rules, twice_fine);
    play(&lab, &rules, second_fails);
    play(&lab, &rules, twice_fine);
}

#[test]
fn a_call_that_kills_its_process_does_so_once() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = counted(&lab, "on C_Sign times 1 exit 7");
    let scene = [READY, SIGNED].concat();
    let killed = process(&lab, &rules, &scene).output().unwrap();
    assert_eq!(killed.status.code(), Some(7));
    play(&lab, &rules, &scene);
}

#[test]
fn processes_at_once_count_together() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = counted(&lab, "on C_GetInfo ckr 0x30 after 50 times 7");
    let scene = "C_GetInfo CKR_OK\n".repeat(25);
    let start = |_| process(&lab, &rules, &scene).spawn().unwrap();
    let processes: Vec<_> = (0..4).map(start).collect();
    for process in processes {
        process.wait_with_output().unwrap();
    }
    assert_eq!(lab.count_calls("C_GetInfo"), 100);
    let struck = |call: &&String| *call == "C_GetInfo rv=0x00000030";
    assert_eq!(lab.calls().iter().filter(struck).count(), 7);
}

/// These rules, and counts which processes share.
fn counted(lab: &Lab, rules: &str) -> String {
    format!("counts {}\n{rules}", lab.path("counts").display())
}

/// Plays a scene under these rules; each call must come to what the scene says.
#[track_caller]
fn play(lab: &Lab, rules: &str, scene: &str) {
    let output = process(lab, rules, scene).output().unwrap();
    assert_eq!(played(&output), lines(scene), "{}", text(&output.stderr));
}

/// A process that plays a scene on the token `bench`.
fn process(lab: &Lab, rules: &str, scene: &str) -> Command {
    let faulty = lab.faulty("bench", rules).into_command();
    let environment = faulty
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut process = Command::new(env::current_exe().unwrap());
    process
        .args(["--exact", "a_process_plays_its_scene"])
        .args(["--ignored", "--nocapture"])
        .envs(environment)
        .env(SCENE, scene)
        .env(MODULE, support::faulty_module())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    process
}

fn lines(scene: &str) -> Vec<String> {
    let lines = scene.lines().map(|line| line.trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

fn played(output: &Output) -> Vec<String> {
    let stdout = text(&output.stdout);
    let played = stdout.lines().filter_map(|line| line.strip_prefix(PLAYED));
    played.map(str::to_owned).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
#[ignore = "it is for the processes that the other tests start"]
fn a_process_plays_its_scene() {
    let Ok(scene) = env::var(SCENE) else {
        return;
    };
    let mut player = Player::new();
    for line in lines(&scene) {
        let (step, _) = line.split_once(' ').unwrap();
        // its own line: the test framework leaves one unfinished
        println!("\n{PLAYED}{step} {}", player.step(step));
    }
}

/// Who makes the calls of a scene.
struct Player {
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
    fn new() -> Self {
        let mut player = Self {
            module: load(&env::var_os(MODULE).unwrap()),
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
    fn step(&mut self, step: &str) -> String {
        match step {
            "C_GetInfo" => named(call!(self.C_GetInfo(&mut CK_INFO::default()))),
            "C_GetSlotList" => match self.slots(CK_TRUE).contains(&self.slot) {
                true => "with the token".into(),
                false => "without the token".into(),
            },
            "C_GetTokenInfo" => match self.token() {
                Ok(info) if info.serialNumber == self.serial => "the same".into(),
                Ok(info) => text(&info.serialNumber).trim_end().into(),
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
