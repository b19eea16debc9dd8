//! The token host's own process: it loads the module and answers requests, one after the other, as a card does.
//!
//! The module gets neither the pipe nor the terminal: its stdin is empty, and what it prints to stdout goes to stderr, which
//! the parent reads. One thread makes all calls. Another one only waits for the parent's end.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use super::library::Library;
use super::limits;
use super::owner::Owner;
use super::protocol::{LoadFailure, Reply, Request};
use super::refusal::Refusal;
use super::replies::Replies;
use super::trace::Trace;
use super::watch::Watch;
use super::wire;
use crate::model::function::Function;
use crate::model::sign::{SignError, SignStep};
use crate::model::token::{MechanismFacts, Module};

/// Answers the requests that come on stdin until it ends or the parent asks to close.
///
/// # Errors
/// stdin or stdout is no pipe of cardcheck's, or broke.
pub fn serve() -> io::Result<()> {
    limits::apply();
    let mut pipe = Pipe::take()?;
    limits::end_with_parent(pipe.requests.as_fd().try_clone_to_owned()?);
    let mut desk = Desk::default();
    let answered = desk.answer_all(&mut pipe);
    // also when the parent is gone: the card is left as it should be
    desk.close();
    answered?;
    pipe.replies.send(&Reply::Closed)
}

/// The two ends that lead to the parent, out of the module's reach.
struct Pipe {
    requests: File,
    replies: Replies,
}

impl Pipe {
    /// Takes stdin and stdout for the pipe, and puts nothing and stderr in their places.
    fn take() -> io::Result<Pipe> {
        let requests: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
        let replies: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        Ok(Pipe {
            requests: File::from(requests),
            replies: Replies::to(File::from(replies)),
        })
    }

    fn next(&mut self) -> io::Result<Option<Request>> {
        wire::read(&mut self.requests)
    }
}

/// The module and the token that the host is for.
#[derive(Default)]
struct Desk {
    library: Option<Library>,
    owner: Option<(u64, Owner)>,
}

impl Desk {
    fn answer_all(&mut self, pipe: &mut Pipe) -> io::Result<()> {
        while let Some(request) = pipe.next()? {
            if matches!(request, Request::Close) {
                break;
            }
            let reply = self.answer(request, &pipe.replies);
            pipe.replies.send(&reply)?;
        }
        Ok(())
    }

    fn answer(&mut self, request: Request, replies: &Replies) -> Reply {
        match request {
            Request::Load { module, trace } => {
                Reply::Loaded(self.load(&module, trace.as_deref(), replies))
            }
            Request::Slots => Reply::Slots(self.library().and_then(Library::slots)),
            Request::SlotDescription(slot) => {
                let library = self.library();
                Reply::SlotDescription(library.and_then(|library| library.slot_description(slot)))
            }
            Request::Describe(slot) => {
                let library = self.library();
                Reply::Description(library.and_then(|library| library.describe(slot)))
            }
            Request::Login(token, login) => {
                let owner = self.owner(token.slot);
                Reply::Login(owner.and_then(|owner| owner.login(*token, login)))
            }
            Request::Inventory(slot) => {
                Reply::Inventory(self.owner(slot).and_then(Owner::inventory))
            }
            Request::MechanismInfo(slot, mechanism) => {
                let owner = self.owner(slot);
                let unknown = |_| MechanismFacts::unknown(mechanism);
                let facts = owner.map(|owner| owner.mechanism_info(mechanism));
                Reply::MechanismInfo(facts.unwrap_or_else(unknown))
            }
            Request::Sign {
                key,
                scheme,
                route,
                message,
            } => Reply::Signed(match &mut self.owner {
                Some((_, owner)) => owner.sign(key, scheme, route, &message),
                None => Err(SignError::other(SignStep::Session, "no token was read yet")),
            }),
            Request::Close => Reply::Closed,
        }
    }

    fn load(
        &mut self,
        module: &Path,
        trace: Option<&Path>,
        replies: &Replies,
    ) -> Result<Module, LoadFailure> {
        // one that can't be opened any more is no reason not to try the card
        let trace = trace.and_then(|path| Trace::open(path).ok());
        let watch = Watch::new(replies.clone(), trace);
        let (library, facts) = Library::load(module, watch)?;
        self.library = Some(library);
        Ok(facts)
    }

    fn library(&self) -> Result<&Library, Refusal> {
        let missing = || Refusal::not_made(Function::Load, "no module was loaded yet");
        self.library.as_ref().ok_or_else(missing)
    }

    /// The owner of this slot's session; another slot's is closed for it.
    fn owner(&mut self, slot: u64) -> Result<&mut Owner, Refusal> {
        let known = self.owner.take().filter(|(known, _)| *known == slot);
        let owner = match known {
            Some((_, owner)) => owner,
            None => self.library()?.owner(slot),
        };
        Ok(&mut self.owner.insert((slot, owner)).1)
    }

    /// C_CloseSession, then C_Finalize.
    fn close(self) {
        drop(self.owner);
        if let Some(library) = &self.library {
            library.finalize();
        }
    }
}
