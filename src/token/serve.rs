//! The token host's own process: it loads the module and answers requests, one after the other, as a card does.
//!
//! The module gets neither the pipe nor the terminal: its stdin is empty, and what it prints to stdout goes to stderr, which
//! the parent reads. One thread makes all calls. Another one only waits for the parent's end.
#![forbid(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::library::Library;
use super::limits;
use super::owner::Owner;
use super::protocol::{LoadFailure, Reply, Request};
use super::refusal::Refusal;
use super::trace::Trace;
use super::watch::Watch;
use super::wire;
use crate::model::ckr::Ckr;
use crate::model::function::Function;
use crate::model::sign::{SignError, SignStep};
use crate::model::token::{MechanismFacts, Module};

/// While the same function is called again and again, the parent is told only so often.
const TOLD_AGAIN: Duration = Duration::from_millis(50);

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

/// Shared by the desk and by the watch over the module's calls.
#[derive(Clone)]
struct Replies {
    pipe: Rc<RefCell<File>>,
    /// The call that the parent was told of last, since the last reply.
    told: Rc<Cell<Option<(Function, Instant)>>>,
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
            replies: Replies {
                pipe: Rc::new(RefCell::new(File::from(replies))),
                told: Rc::default(),
            },
        })
    }

    fn next(&mut self) -> io::Result<Option<Request>> {
        wire::read(&mut self.requests)
    }
}

impl Replies {
    fn send(&self, reply: &Reply) -> io::Result<()> {
        self.told.set(None);
        wire::write(&mut *self.pipe.borrow_mut(), reply)
    }

    /// Says which function is being called. Many attributes are read one by one, and each message wakes the parent: the
    /// same function is told again only after a while. Every login counts.
    fn tell(&self, function: Function) {
        let again =
            |(last, when): (Function, Instant)| last == function && when.elapsed() < TOLD_AGAIN;
        if function == Function::Login || !self.told.get().is_some_and(again) {
            // without a parent to tell, this process is about to end
            let _ = self.send(&Reply::Calling(function));
            self.told.set(Some((function, Instant::now())));
        }
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
        let watch = Told {
            replies: replies.clone(),
            // one that can't be opened any more is no reason not to try the card
            trace: trace.and_then(|path| Trace::open(path).ok()),
        };
        let (library, facts) = Library::load(module, Box::new(watch))?;
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

/// Tells the parent which function is being called, so that a hang and a crash have a name, and writes the trace.
struct Told {
    replies: Replies,
    trace: Option<Trace>,
}

impl Watch for Told {
    fn begins(&self, function: Function, arguments: &dyn Fn() -> String) {
        self.replies.tell(function);
        if let Some(trace) = &self.trace {
            trace.begins(function, &arguments());
        }
    }

    fn ended(
        &self,
        function: Function,
        answer: Result<(), Ckr>,
        took: Duration,
        results: &dyn Fn() -> String,
    ) {
        if function == Function::Login && answer.is_err_and(Ckr::leaves_pin_in_doubt) {
            // without a parent to tell, this process is about to end
            let _ = self.replies.send(&Reply::PinInDoubt);
        }
        if let Some(trace) = &self.trace {
            trace.ended(function, answer, took, &results());
        }
    }
}
