"""The agent: pure. One event in, the next state and the commands that follow out; time arrives in events."""

from gridhook.agent.state import AgentSettings, State, initial_state
from gridhook.agent.stepping import step

__all__ = ["AgentSettings", "State", "initial_state", "step"]
