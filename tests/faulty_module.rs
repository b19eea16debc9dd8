//! The fault-injecting module does what its rules say: scenes on real SoftHSM2 tokens.
//!
//! A scene is a list of calls, one a line, each with what it comes to. It is played by a process of its own (this test
//! program once more), because a module reads its rules for a whole process.

#[path = "modules/player.rs"]
mod player;
mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{env, thread};

use player::Player;
use support::Lab;

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
    let mut process = process(&lab, &rules, &scene);
    let processes: Vec<_> = (0..4).map(|_| process.spawn().unwrap()).collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    assert_eq!(lab.count_calls("C_GetInfo"), 100);
    let struck = |call: &&String| *call == "C_GetInfo rv=0x00000030";
    assert_eq!(lab.calls().iter().filter(struck).count(), 7);
}

#[test]
fn a_logout_behind_the_caller_s_back() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let scene = "
        C_SignInit CKR_OBJECT_HANDLE_INVALID
        C_GetSessionInfo CKR_OK
        C_Login CKR_OK";
    let scene = [READY, scene].concat();
    play(&lab, "on C_SignInit times 1 logout", &scene);
}

#[test]
fn sessions_closed_behind_the_caller_s_back() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let scene = "
        C_SignInit CKR_OK
        C_Sign CKR_SESSION_HANDLE_INVALID
        C_GetSessionInfo CKR_SESSION_HANDLE_INVALID";
    let scene = [READY, scene, READY, SIGNED].concat();
    play(&lab, "on C_Sign times 1 close-sessions", &scene);
}

#[test]
fn a_search_without_an_end() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let search = "
        C_OpenSession CKR_OK
        C_Login CKR_OK
        C_FindObjectsInit CKR_OK
        C_FindObjects 1 found";
    let again = "\nC_FindObjects 1 found".repeat(5);
    let done = "
        C_FindObjects 0 found
        C_FindObjectsFinal CKR_OK";
    play(&lab, "", &[search, done].concat());
    play(&lab, "endless-objects", &[search, &again].concat());
}

#[test]
fn a_pulled_card_is_gone_and_says_so_once() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let scene = "
        C_GetSlotList with the token
        C_SignInit CKR_OK
        C_Sign CKR_DEVICE_REMOVED
        C_SignInit CKR_DEVICE_REMOVED
        C_Sign CKR_SESSION_HANDLE_INVALID
        C_CloseSession CKR_SESSION_HANDLE_INVALID
        C_OpenSession CKR_TOKEN_NOT_PRESENT
        C_GetTokenInfo CKR_TOKEN_NOT_PRESENT
        C_GetSlotList without the token
        C_GetInfo CKR_OK";
    let scene = [READY, SIGNED, scene].concat();
    play(&lab, "pull after 1 for ever", &scene);
}

#[test]
fn a_pulled_card_comes_back_without_its_sessions() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let scene = "
        C_SignInit CKR_OK
        C_Sign CKR_DEVICE_REMOVED
        wait until it is back
        C_SignInit CKR_SESSION_HANDLE_INVALID
        C_GetSlotList with the token
        C_GetTokenInfo the same";
    let scene = [READY, SIGNED, scene, READY, SIGNED].concat();
    play(&lab, "pull after 1 for 100", &scene);
}

#[test]
fn another_card_comes_back() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let scene = "
        C_GetTokenInfo the same
        C_SignInit CKR_OK
        C_Sign CKR_DEVICE_REMOVED
        wait until it is back
        C_GetTokenInfo OTHER-CARD";
    let scene = [READY, scene].concat();
    play(&lab, "pull after 0 for 100 back-as OTHER-CARD", &scene);
}

#[test]
fn a_call_after_the_pull_may_hang_or_fail_in_its_own_way() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = "pull after 1 for ever\non C_Sign after 2 ckr 0x05";
    let scene = "
        C_SignInit CKR_OK
        C_Sign CKR_DEVICE_REMOVED
        C_Sign CKR_GENERAL_ERROR
        C_Sign CKR_GENERAL_ERROR";
    play(&lab, rules, &[READY, SIGNED, scene].concat());
}

#[test]
fn a_new_process_finds_the_card_gone() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = counted(&lab, "pull after 2 for ever");
    play(&lab, &rules, &[READY, SIGNED].concat());
    let pulled = "
        C_SignInit CKR_OK
        C_Sign CKR_DEVICE_REMOVED";
    play(&lab, &rules, &[READY, SIGNED, pulled].concat());
    let gone = "
        C_GetSlotList without the token
        C_OpenSession CKR_TOKEN_NOT_PRESENT";
    play(&lab, &rules, gone);
}

#[test]
fn a_process_loses_its_sessions_when_another_sees_the_card_pulled() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    let rules = counted(&lab, "pull after 1 for ever");
    let mine = "
        pause over
        C_SignInit CKR_DEVICE_REMOVED
        C_SignInit CKR_SESSION_HANDLE_INVALID";
    let mine = [READY, SIGNED, mine].concat();
    let mut paused = process(&lab, &rules, &mine).spawn().unwrap();
    while lab.count_calls("C_Sign") == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    let others = "
        C_SignInit CKR_OK
        C_Sign CKR_DEVICE_REMOVED";
    play(&lab, &rules, &[READY, others].concat());
    paused.stdin.take().unwrap().write_all(b"\n").unwrap();
    assert_eq!(played(&paused.wait_with_output().unwrap()), lines(&mine));
}

#[test]
fn a_rule_that_cannot_be_obeyed_is_refused_with_its_line() {
    let Some(lab) = Lab::new(&["bench"]) else {
        return;
    };
    for (rule, error) in [
        (
            "on C_GetInfo logout",
            "`logout` needs a session, and C_GetInfo has none",
        ),
        (
            "on C_OpenSession close-sessions",
            "`close-sessions` needs a session, and C_OpenSession has none",
        ),
        ("on C_GetFunctionList ckr 5", "unknown function"),
        ("on C_Sign flood", "megabytes missing"),
        ("pull after 3", "for missing"),
        ("pull after 3 for a", "`a` is not a number"),
        ("pull after 3 for ever back-as X", "not `for ever`"),
        (
            "pull after 3 for 9 back-as 0123456789abcdef0",
            "more than 16 bytes",
        ),
        ("pull after 3 for 9 again", "`back-as` expected"),
        ("counts /dev/null", "/dev/null"),
    ] {
        let output = process(&lab, rule, "").output().unwrap();
        let stderr = text(&output.stderr);
        assert!(stderr.contains("line 3: "), "{rule}: {stderr}");
        assert!(stderr.contains(error), "{rule}: {stderr}");
    }
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
    let mut player = Player::new(&env::var_os(MODULE).unwrap());
    for line in lines(&scene) {
        let (step, _) = line.split_once(' ').unwrap();
        // its own line: the test framework leaves one unfinished
        println!("\n{PLAYED}{step} {}", player.step(step));
    }
}
