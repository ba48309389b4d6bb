/* The task that runs. */
extern struct task_struct *current;
